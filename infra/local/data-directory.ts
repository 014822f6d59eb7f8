import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ClassicLevel } from 'classic-level';

export type DataDirectory = { path: string; release(): Promise<void> };

/** The directory is in use by another runtime. */
export class DataDirectoryTaken extends Error {
  override name = 'DataDirectoryTaken';
}

/**
 * Takes the directory for this process alone, and keeps other users out of it: secrets lie in it. The lock is LevelDB's: the
 * operating system lets go of it when the process ends, however it ends, so that nothing is left to clean up after a kill.
 * @throws DataDirectoryTaken
 */
export async function takeDataDirectory(directory: string): Promise<DataDirectory> {
  const path = resolve(directory);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // One that an earlier version made was open to all.
  chmodSync(path, 0o700);
  const holder = join(path, 'lock.pid');
  const lock = new ClassicLevel(join(path, 'lock'));
  try {
    await lock.open();
  } catch (cause) {
    if (codeOf((cause as Error).cause) !== 'LEVEL_LOCKED') throw cause;
    const pid = readFileSync(holder, { encoding: 'utf8', flag: 'a+' });
    const message = `${path} is in use by another runtime (process ${pid || 'unknown'}): stop that one, or start this one with --data DIR or --memory`;
    throw new DataDirectoryTaken(message, { cause });
  }
  writeFileSync(holder, String(process.pid));
  return { path, release: () => lock.close() };
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
