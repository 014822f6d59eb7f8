import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { problemText } from '../../configuration/files/configuration-files.ts';
import { failure } from '../../refusal.ts';
import { plural } from '../../words/text.ts';
import { type MappingFile, readMappingFile, textHash } from './mapping-file.ts';
import { filesWith, type WrittenText } from './try-text.ts';

export type SavedText =
  /** `files`: paths of all that was written, the text's own first. */
  | { kind: 'saved'; hash: string; files: string[] }
  /** It was changed on disk after it was read; nothing is written. */
  | { kind: 'changed_on_disk'; now: MappingFile };

/**
 * Writes a text into its file, to the byte, if that still is what its author has seen. Workflows of
 * `adds` that it starts and that have no file get one that only records their runs.
 * @param seen the hash of the file as the author knows it
 * @throws Refusal with every error of the text; a file with errors stops every push of its folder
 */
export function saveText(written: WrittenText, seen: string): SavedText {
  const { directory, file, text } = written;
  const now = readMappingFile(directory, file);
  if (now.hash !== seen) return { kind: 'changed_on_disk', now };
  const { problems, added } = filesWith(written);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw failure([`${plural(errors.length, 'error')} in the text, so it was not saved`, ...errors.map(problemText)]);
  const files: string[] = [];
  try {
    for (const { path, text } of added) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: 'wx' });
      files.push(path);
    }
    if (now.text !== text) writeFileSync(now.file, text);
  } catch (error) {
    for (const path of files) rmSync(path, { force: true });
    throw error;
  }
  return { kind: 'saved', hash: textHash(text), files: [now.file, ...files] };
}
