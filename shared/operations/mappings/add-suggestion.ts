import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { own } from '../../core/json/values.ts';
import { resourceNamedBy } from '../../core/mappings/action-facts.ts';
import type { Mapping } from '../../core/mappings/schema.ts';
import { type ConfigurationFiles, readConfigurationFiles } from '../configuration/files/configuration-files.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';
import { plannedWorkflows } from '../sources/new-source.ts';
import { readMappingFile } from './editor/mapping-file.ts';
import { withNewMapping } from './editor/mapping-text.ts';
import { saveText } from './editor/save-text.ts';
import { type SuggestRequest, suggestFromEvent } from './suggest-from-event.ts';

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
  const workflows = plannedWorkflows(workflowMissing(mapping, files), directory);
  const text = withNewMapping(file.text, mapping);
  const written: string[] = [];
  try {
    for (const workflow of workflows) {
      mkdirSync(dirname(workflow.path), { recursive: true });
      writeFileSync(workflow.path, workflow.text, { flag: 'wx' });
      written.push(workflow.path);
    }
    const saved = saveText(directory, { kind: 'sources', key: request.source }, { text, seen: file.hash });
    if (saved.kind === 'changed_on_disk') throw failure(`${file.file} was changed just now`, 'look again');
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
  return { id: mapping.id, files: [file.file, ...written] };
}

/** The workflow that a mapping starts by its key, if no file is of it. */
function workflowMissing(mapping: Mapping, { snapshot }: ConfigurationFiles): string[] {
  const named = resourceNamedBy(mapping);
  if (named?.type !== 'workflow' || own(snapshot.workflows, named.key) !== undefined) return [];
  return [named.key];
}
