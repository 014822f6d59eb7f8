/** The part of node:sqlite's DatabaseSync that fauxqs and the local runtime use: https://nodejs.org/api/sqlite.html */
export type Database = {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
};
export type Statement = {
  run(...values: SqlValue[]): unknown;
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
};
export type SqlValue = string | number | bigint | Uint8Array | null;
export type DatabaseClass = new (path: string, options?: { enableForeignKeyConstraints?: boolean }) => Database;

/**
 * node:sqlite, or, on a Node before 22.13, the same over SQLite in WebAssembly. Each reads the other's files. The bundler puts
 * this in place of node:sqlite (infra/build/build.js); Jest does the same on an old Node.
 */
export const DatabaseSync: DatabaseClass = ownSqlite() ?? (await import('./sqlite-wasm.ts')).DatabaseSync;

function ownSqlite(): DatabaseClass | undefined {
  const { emitWarning } = process;
  // It warns at every start that its interface may still change; versions that changed it would fail our tests.
  process.emitWarning = () => undefined;
  try {
    const own = process.getBuiltinModule('node:sqlite') as { DatabaseSync: DatabaseClass } | undefined;
    return own?.DatabaseSync;
  } finally {
    process.emitWarning = emitWarning;
  }
}
