import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FileChange } from './plan-pull.ts';

/**
 * Carries out one change of a pull; a folder that is missing is made. An unreadable file is left
 * alone.
 * @throws Error of the file system
 */
export function applyChange(change: FileChange): void {
  if (change.kind === 'remove') rmSync(change.path);
  if (change.kind !== 'create' && change.kind !== 'rewrite') return;
  mkdirSync(dirname(change.path), { recursive: true });
  writeFileSync(change.path, change.text);
}
