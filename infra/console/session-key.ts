import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const keyBytes = 32;

/**
 * The key that signs the sessions of browsers, kept in a folder that git ignores, so that a page
 * which is open stays signed in when its console starts again. Only its owner may read it.
 */
export function sessionKeyIn(folder: string): Buffer {
  const path = join(folder, 'console.key');
  try {
    const key = readFileSync(path);
    if (key.length === keyBytes) return key;
  } catch {
    // There is none yet.
  }
  const key = randomBytes(keyBytes);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path, key, { mode: 0o600 });
  return key;
}
