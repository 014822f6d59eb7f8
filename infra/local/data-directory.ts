import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type DataDirectory = { path: string; release(): void };

/** The directory is in use by another runtime. */
export class DataDirectoryTaken extends Error {
  override name = 'DataDirectoryTaken';
}

/**
 * Takes the directory for this process alone. The lock is SQLite's on a file of its own: the operating system lets go of
 * it when the process ends, however it ends, so that nothing is left to clean up after a kill.
 * @throws DataDirectoryTaken
 */
export function takeDataDirectory(directory: string): DataDirectory {
  const path = resolve(directory);
  mkdirSync(path, { recursive: true });
  const holder = join(path, 'lock.pid');
  const lock = new DatabaseSync(join(path, 'lock.db'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    const pid = readFileSync(holder, { encoding: 'utf8', flag: 'a+' });
    const message = `${path} is in use by another runtime (process ${pid || 'unknown'}): stop that one, or start this one with --data DIR or --memory`;
    throw new DataDirectoryTaken(message, { cause });
  }
  writeFileSync(holder, String(process.pid));
  return { path, release: () => lock.close() };
}
