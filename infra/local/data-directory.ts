import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ClassicLevel } from 'classic-level';

export type DataDirectory = { path: string; release(): Promise<void> };

/** Another runtime is using the directory. */
export class DataDirectoryTaken extends Error {
  override name = 'DataDirectoryTaken';
}

/** Other users of the machine could read its content. */
export class DataDirectoryOpen extends Error {
  override name = 'DataDirectoryOpen';
}

/**
 * Locks the directory for this process, and closes it to other users, since it holds secrets. The
 * lock is LevelDB's: the operating system releases it at the end of the process, so a kill leaves
 * no lock behind.
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

// Files that this version and earlier ones write there, commands and consoles among them.
const ours =
  /^(lock|lock\.(pid|db.*)|runtime\.json(\.new)?|secrets\.json(\.new)?|metrics\.ndjson|tables|queues|cdk\.out|file-bases\.json|console\.key|page-files)$/;

/**
 * An earlier version made it open to all users. But a folder with other files is not ours to close.
 */
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
