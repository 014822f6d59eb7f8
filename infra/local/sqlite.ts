import type { DatabaseClass } from './sqlite-database.ts';

/**
 * node:sqlite, or, on a Node before 22.13, the same over SQLite in WebAssembly. Each reads the
 * other's files. The bundler puts this in place of node:sqlite (infra/build/build.js); Jest does
 * the same on an old Node.
 */
export const DatabaseSync: DatabaseClass = ownSqlite() ?? (await import('./sqlite-wasm.ts')).DatabaseSync;

function ownSqlite(): DatabaseClass | undefined {
  const { emitWarning } = process;
  // It warns at every start that its interface may still change; versions that changed it would
  // fail our tests.
  process.emitWarning = () => undefined;
  try {
    const own = process.getBuiltinModule('node:sqlite') as { DatabaseSync: DatabaseClass } | undefined;
    return own?.DatabaseSync;
  } finally {
    process.emitWarning = emitWarning;
  }
}
