import { writeFileSync } from 'node:fs';
import { problemText } from '../../configuration/files/configuration-files.ts';
import { failure } from '../../refusal.ts';
import { plural } from '../../words/text.ts';
import { type FileRef, type MappingFile, readMappingFile, textHash } from './mapping-file.ts';
import { filesWith } from './try-text.ts';

export type SavedText =
  | { kind: 'saved'; hash: string }
  /** It was changed on disk after it was read; nothing is written. */
  | { kind: 'changed_on_disk'; now: MappingFile };

/**
 * Writes a text into its file, to the byte, if that still is what its author has seen.
 * @param seen the hash of the file as the author knows it
 * @throws Refusal with every error of the text; a file with errors stops every push of its folder
 */
export function saveText(directory: string, file: FileRef, { text, seen }: { text: string; seen: string }): SavedText {
  const now = readMappingFile(directory, file);
  if (now.hash !== seen) return { kind: 'changed_on_disk', now };
  const { problems } = filesWith(directory, file, text);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw failure([`${plural(errors.length, 'error')} in the text, so it was not saved`, ...errors.map(problemText)]);
  if (now.text !== text) writeFileSync(now.file, text);
  return { kind: 'saved', hash: textHash(text) };
}
