import { rmSync } from 'node:fs';
import type * as sqlite from 'node:sqlite';
import wasm from 'node-sqlite3-wasm';

type Value = string | number | bigint | Uint8Array | null;

/** The part of node:sqlite's DatabaseSync that fauxqs and the local runtime use. */
class WasmDatabase {
  readonly #database: wasm.Database;
  readonly #statements: wasm.Statement[] = [];

  constructor(path: string, { enableForeignKeyConstraints = true }: { enableForeignKeyConstraints?: boolean } = {}) {
    // It locks with a folder, which a killed process leaves behind. Whoever opens a file here holds the data directory.
    rmSync(`${path}.lock`, { recursive: true, force: true });
    this.#database = new wasm.Database(path);
    // A write-ahead log without the memory that processes would share: https://sqlite.org/wal.html#noshm
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE');
    if (enableForeignKeyConstraints) this.#database.exec('PRAGMA foreign_keys = ON');
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string) {
    const statement = this.#database.prepare(sql);
    this.#statements.push(statement);
    return {
      run: (...values: Value[]) => statement.run(values),
      get: (...values: Value[]) => statement.get(values) ?? undefined,
      all: (...values: Value[]) => statement.all(values),
    };
  }

  close(): void {
    for (const statement of this.#statements) if (!statement.isFinalized) statement.finalize();
    this.#database.close();
  }
}

export const DatabaseSync = WasmDatabase as unknown as typeof sqlite.DatabaseSync;
