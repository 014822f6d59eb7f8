import type * as sqlite from 'node:sqlite';

/**
 * node:sqlite, or, on a Node before 22.13, what fauxqs uses of it over SQLite in WebAssembly. Both read each other's files.
 * The bundler puts this in place of node:sqlite (infra/build/build.js), Jest does the same on an old Node.
 */
export const DatabaseSync: typeof sqlite.DatabaseSync =
  ownSqlite()?.DatabaseSync ?? (await import('./sqlite-wasm.ts')).DatabaseSync;

function ownSqlite(): typeof sqlite | undefined {
  const { emitWarning } = process;
  // It warns at every start that its interface may still change; versions that changed it would fail our tests.
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
