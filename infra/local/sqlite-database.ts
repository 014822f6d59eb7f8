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
