import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ClassicLevel } from 'classic-level';

export type DataDirectory = { path: string; release(): Promise<void> };

/** The directory is in use by another runtime. */
export class DataDirectoryTaken extends Error {
  override name = 'DataDirectoryTaken';
}

/** Other users of the machine could read what would lie in it. */
export class DataDirectoryOpen extends Error {
  override name = 'DataDirectoryOpen';
}

/**
 * Takes the directory for this process alone, and keeps other users out of it: secrets lie in it. The lock is LevelDB's: the
 * operating system lets go of it when the process ends, however it ends, so that nothing is left to clean up after a kill.
 * @throws DataDirectoryTaken, DataDirectoryOpen
 */
export async function takeDataDirectory(directory: string): Promise<DataDirectory> {
  const path = resolve(directory);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  closeToOthers(path);
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

// What this version and earlier ones put there.
const ours =
  /^(lock|lock\.(pid|db.*)|runtime\.json(\.new)?|secrets\.json(\.new)?|metrics\.ndjson|tables|queues|cdk\.out)$/;

/** One that an earlier version made was open to all. A folder that holds other things is not ours to close. */
function closeToOthers(path: string): void {
  if ((statSync(path).mode & 0o077) === 0) return;
  if (!readdirSync(path).every((name) => ours.test(name)))
    throw new DataDirectoryOpen(
      `${path} holds other files and is open to other users: name a folder of its own with --data, or close it (chmod 700)`,
    );
  chmodSync(path, 0o700);
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
