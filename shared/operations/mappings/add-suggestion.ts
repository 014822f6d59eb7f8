import { readConfigurationFiles } from '../configuration/files/configuration-files.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';
import { readMappingFile } from './editor/mapping-file.ts';
import { withNewMapping } from './editor/mapping-text.ts';
import { saveText } from './editor/save-text.ts';
import { type SuggestRequest, suggestFromEvent } from './suggest-from-event.ts';
import { workflowsMissing } from './workflows-missing.ts';

export type AddedSuggestion = {
  /** Of the mapping. */
  id: string;
  /** Paths of what was written: the source's file, and that of a workflow that had none. */
  files: string[];
};

/**
 * Writes a suggested mapping to the end of its source's file; comments and format stay. A workflow that
 * it starts and that has no file gets one that only records its runs. Nothing of it is live.
 * @throws Refusal as `suggestFromEvent` does, and when the files have errors, or would have some
 */
export async function addSuggestion(
  environment: Environment,
  directory: string,
  request: SuggestRequest,
): Promise<AddedSuggestion> {
  const files = readConfigurationFiles(directory);
  const { suggestion } = await suggestFromEvent(environment, { ...request, snapshot: files.snapshot });
  const { mapping } = suggestion;
  const file = readMappingFile(directory, { kind: 'sources', key: request.source });
  const text = withNewMapping(file.text, mapping);
  const adds = workflowsMissing(mapping, files.snapshot);
  const saved = saveText({ directory, file: { kind: 'sources', key: request.source }, text, adds }, file.hash);
  if (saved.kind === 'changed_on_disk') throw failure(`${file.file} was changed just now`, 'look again');
  return { id: mapping.id, files: saved.files };
}
