import { createHash } from 'node:crypto';
import { WorkflowFile } from '../../../core/configuration/schema.ts';
import { triggerMappings } from '../../../core/configuration/triggers.ts';
import { isJsonObject } from '../../../core/json/values.ts';
import { withEmptyList } from '../../configuration/files/empty-list.ts';
import { type ListedFile, listFiles } from '../../configuration/files/list-files.ts';
import { readYaml, type YamlText } from '../../configuration/files/read-yaml.ts';
import { failure, notFound } from '../../refusal.ts';

/** Files that hold mappings: a source's own, and workflows with triggers. */
export const mappingFileKinds = ['sources', 'workflows'] as const;
export type FileRef = { kind: (typeof mappingFileKinds)[number]; key: string };

/** A file as it is on disk. `file` is its path for people; `hash` tells whether it was changed since. */
export type MappingFile = FileRef & { file: string; text: string; hash: string };

/** A mapping in a text, by its lines, which count from 1; `to` is its last one. */
export type MappingPlace = { source: string; id: string; event: string; from: number; to: number };

/** An editor sends its text at each pause. Files written by hand are far smaller. */
export const textLengthMax = 256 * 1024;

export const textHash = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * The text of a file, which can be written back to the byte.
 * @throws Refusal when it is missing, larger than the editor takes, or not UTF-8
 */
export function readMappingFile(directory: string, ref: FileRef): MappingFile {
  const listed = filesIn(directory).find(({ kind, key }) => kind === ref.kind && key === ref.key);
  if (listed === undefined)
    throw notFound(
      `${directory}/${ref.kind} has no ${ref.key}.yaml`,
      'bring what is live into the files: npx signalbox config pull',
    );
  return { ...ref, ...textOf(listed) };
}

function textOf({ file, bytes }: ListedFile): Pick<MappingFile, 'file' | 'text' | 'hash'> {
  if (bytes.length > textLengthMax)
    throw failure(`${file} is larger than ${textLengthMax / 1024} KB; edit it with an editor of your own`);
  const text = Buffer.from(bytes).toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw failure(`${file} is not UTF-8`, 'save it as UTF-8 first');
  return { file, text, hash: textHash(text) };
}

/**
 * The file that holds a mapping, and the mapping's event type: its source's file, or that of the
 * workflow that has it as a trigger. A source's file that cannot be read counts, so that it can be
 * mended; then the type is empty.
 * @throws Refusal when no file has it
 */
export function fileOfMapping(directory: string, source: string, id: string): { ref: FileRef; event: string } {
  const files = filesIn(directory);
  const own = files.find(({ kind, key }) => kind === 'sources' && key === source);
  const read = own && readYaml(own.bytes);
  const ofSource: FileRef = { kind: 'sources', key: source };
  if (read?.kind === 'wrong') return { ref: ofSource, event: '' };
  const place = read && placesIn(ofSource, read.yaml).find((one) => one.id === id);
  if (place !== undefined) return { ref: ofSource, event: place.event };
  for (const { kind, key, bytes } of files) {
    if (kind !== 'workflows') continue;
    const workflow = readYaml(bytes);
    if (workflow.kind === 'wrong') continue;
    const ref: FileRef = { kind, key };
    const trigger = placesIn(ref, workflow.yaml).find((one) => one.source === source && one.id === id);
    if (trigger !== undefined) return { ref, event: trigger.event };
  }
  throw notFound(
    `the files in ${directory} have no mapping "${id}" of source ${source}`,
    'bring what is live into the files: npx signalbox config pull',
  );
}

function filesIn(directory: string): ListedFile[] {
  const { files, problems } = listFiles(directory, mappingFileKinds);
  // Without any file the folder itself is wrong.
  const [problem] = files.length === 0 ? problems : [];
  if (problem !== undefined) throw failure(`${problem.file} ${problem.message}`);
  return files;
}

/** Every mapping of a text, also of one whose schema has errors; triggers only of one without. */
export function placesIn({ kind, key }: FileRef, { content, document, lines }: YamlText): MappingPlace[] {
  const [list, named] =
    kind === 'sources' ? ['mappings', ofSource(key, content)] : ['triggers', ofWorkflow(key, content)];
  return named.flatMap((mapping, i) => {
    const node = mapping && document.getIn([list, i], true);
    const [from, to] = (node as { range?: [number, number, number] } | undefined)?.range ?? [];
    if (mapping === undefined || from === undefined || to === undefined) return [];
    // The end of a map is the beginning of the line behind it.
    return [{ ...mapping, from: lines.linePos(from).line, to: lines.linePos(Math.max(from, to - 1)).line }];
  });
}

type Named = Omit<MappingPlace, 'from' | 'to'>;

function ofSource(source: string, content: unknown): (Named | undefined)[] {
  const read = withEmptyList(content);
  const mappings = isJsonObject(read) && Array.isArray(read.mappings) ? read.mappings : [];
  return mappings.map((mapping) => {
    if (!isJsonObject(mapping) || typeof mapping.id !== 'string') return undefined;
    return { source, id: mapping.id, event: typeof mapping.event === 'string' ? mapping.event : '' };
  });
}

function ofWorkflow(key: string, content: unknown): Named[] {
  const { success, data } = WorkflowFile.safeParse(content);
  if (!success) return [];
  return triggerMappings(key, data).map(({ source, mapping: { id, event } }) => ({ source, id, event }));
}
