import { rmSync } from 'node:fs';
import wasm from 'node-sqlite3-wasm';
import type { Database, SqlValue, Statement } from './sqlite-database.ts';

/** node:sqlite's DatabaseSync over SQLite in WebAssembly. */
export class DatabaseSync implements Database {
  readonly #database: wasm.Database;
  readonly #statements: wasm.Statement[] = [];

  constructor(path: string, { enableForeignKeyConstraints = true }: { enableForeignKeyConstraints?: boolean } = {}) {
    // Its lock is a folder, which a killed process leaves behind. It is safe to remove: only the
    // owner of the data directory opens files here.
    rmSync(`${path}.lock`, { recursive: true, force: true });
    this.#database = new wasm.Database(path);
    // A write-ahead log without memory that processes share: https://sqlite.org/wal.html#noshm
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE');
    if (enableForeignKeyConstraints) this.#database.exec('PRAGMA foreign_keys = ON');
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): Statement {
    const statement = this.#database.prepare(sql);
    this.#statements.push(statement);
    return {
      run: (...values: SqlValue[]) => statement.run(values),
      get: (...values: SqlValue[]) => statement.get(values) ?? undefined,
      all: (...values: SqlValue[]) => statement.all(values),
    };
  }

  close(): void {
    for (const statement of this.#statements) if (!statement.isFinalized) statement.finalize();
    this.#database.close();
  }
}
