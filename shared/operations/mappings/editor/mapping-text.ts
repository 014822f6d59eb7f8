import { type Snapshot, SourceFile, WorkflowFile } from '../../../core/configuration/schema.ts';
import { triggerMappings } from '../../../core/configuration/triggers.ts';
import { own } from '../../../core/json/values.ts';
import { Mapping } from '../../../core/mappings/schema.ts';
import { withEmptyList } from '../../configuration/files/empty-list.ts';
import { readYaml } from '../../configuration/files/read-yaml.ts';
import { rewriteFile } from '../../configuration/files/rewrite-file.ts';
import { failure } from '../../refusal.ts';
import type { FileRef } from './mapping-file.ts';

/** A text with one mapping more, at the end of its list; all else stays as it is written. */
export function withNewMapping(text: string, mapping: Mapping): string {
  const file = sourceIn(text);
  return rewriteFile(text, { ...file, mappings: [...file.mappings, Mapping.parse(mapping)] }, SourceFile) ?? text;
}

/**
 * A text in which one mapping is as it is live, and gone when none of its id is; all else stays as
 * it is written.
 * @throws Refusal when the text has errors, or nothing of it is live
 */
export function withLiveMapping(
  ref: FileRef,
  text: string,
  { source, id }: { source: string; id: string },
  live: Snapshot,
): string {
  if (ref.kind === 'sources') {
    const liveFile = own(live.sources, ref.key);
    if (liveFile === undefined) throw failure(`source ${ref.key} is not live, so there is nothing to go back to`);
    const file = sourceIn(text);
    const mappings = replaced(file.mappings, isNamed(id), liveFile.mappings.find(isNamed(id)));
    return rewriteFile(text, { ...file, mappings: mappings.map((one) => Mapping.parse(one)) }, SourceFile) ?? text;
  }
  const liveFile = own(live.workflows, ref.key);
  if (liveFile === undefined) throw failure(`workflow ${ref.key} is not live, so there is nothing to go back to`);
  const file = workflowIn(text);
  const isMeant = (workflow: WorkflowFile) => {
    const named = triggerMappings(ref.key, workflow);
    return (_trigger: unknown, i: number) => named[i]?.source === source && named[i]?.mapping.id === id;
  };
  const triggers = replaced(file.triggers ?? [], isMeant(file), (liveFile.triggers ?? []).find(isMeant(liveFile)));
  if (triggers.length === 0 && file.triggers === undefined) return text;
  return rewriteFile(text, WorkflowFile.parse({ ...file, triggers }), WorkflowFile) ?? text;
}

const isNamed = (id: string) => (mapping: Mapping) => mapping.id === id;

/** At its place; at the end when it had none. */
function replaced<Item>(
  items: readonly Item[],
  isMeant: (item: Item, i: number) => boolean,
  instead: Item | undefined,
): Item[] {
  const at = items.findIndex(isMeant);
  const added = instead === undefined ? [] : [instead];
  return at === -1 ? [...items, ...added] : [...items.slice(0, at), ...added, ...items.slice(at + 1)];
}

function sourceIn(text: string): SourceFile {
  const { success, data } = SourceFile.safeParse(withEmptyList(contentOf(text)));
  if (!success) throw hasErrors();
  return data;
}

function workflowIn(text: string): WorkflowFile {
  const { success, data } = WorkflowFile.safeParse(contentOf(text));
  if (!success) throw hasErrors();
  return data;
}

function contentOf(text: string): unknown {
  const read = readYaml(Buffer.from(text));
  if (read.kind === 'wrong') throw hasErrors();
  return read.yaml.content;
}

const hasErrors = () => failure('the text has errors, so nothing of it can be changed', 'go back to the file first');
