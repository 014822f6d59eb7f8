import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type * as z from 'zod';
import { type FieldChange, fieldChanges } from '../../core/configuration/field-changes.ts';
import {
  AudienceFile,
  EnvironmentFile,
  SourceFile,
  type SourceSettings,
  WorkflowFile,
} from '../../core/configuration/schema.ts';
import { isJsonObject, sameJson } from '../../core/json/values.ts';
import type { Mapping } from '../../core/mappings/schema.ts';
import { applyChange } from '../configuration/files/apply-change.ts';
import { problemText, readConfigurationFiles } from '../configuration/files/configuration-files.ts';
import { withEmptyList } from '../configuration/files/empty-list.ts';
import { fileSchemaLine } from '../configuration/files/file-schema-line.ts';
import { folderMeant, type ListedFile, listFiles } from '../configuration/files/list-files.ts';
import { type FileChange, modelineOf, rewritten } from '../configuration/files/plan-pull.ts';
import type { FileKind } from '../configuration/files/problem.ts';
import { readYaml } from '../configuration/files/read-yaml.ts';
import { newFile } from '../configuration/files/rewrite-file.ts';
import { failure } from '../refusal.ts';
import { mappingYaml } from '../sources/mapping-yaml.ts';
import type { ConvertedAccount } from './convert-account.ts';

/** What becomes of one file. */
export type ImportedFile = {
  path: string;
  /** `kept`: it differs from what Knock says, and stays as it is. */
  change: 'created' | 'changed' | 'same' | 'kept';
  /** What changes in it. */
  fields: FieldChange[];
  /** What differs in it and stays, because nothing is overwritten. */
  kept: FieldChange[];
};

export type ImportPlan = { files: ImportedFile[]; changes: FileChange[] };

export type PlanTerms = {
  /** Folder of the configuration files; it may be new. */
  directory: string;
  /** Whether what is in files already gives way. Comments, and what Knock knows nothing of, stay. */
  overwrite: boolean;
  /** Whether targets of existing workflows give way too. */
  withTargets: boolean;
};

/**
 * Compares a converted account with a folder of files; changes nothing yet. New files and new
 * entries are added; what differs is kept unless `overwrite` says otherwise.
 * @throws Refusal when the folder has a file that cannot be read, or when the result would not pass
 * `config validate`
 */
export function planImport(converted: ConvertedAccount, terms: PlanTerms): ImportPlan {
  const { directory, overwrite } = terms;
  const existing = existingFiles(directory);
  const plan: ImportPlan = { files: [], changes: [] };
  const add = (planned: Planned) => {
    plan.files.push(planned.file);
    if (planned.change !== undefined) plan.changes.push(planned.change);
  };
  const { content, environments } = converted;
  const kept = { sources: new Set<string>(), workflows: new Set<string>() };
  for (const [key, made] of Object.entries(content.sources)) {
    const planned = planFile(existing, 'sources', key, terms, (before) => (before ? mergedSource(before, made) : made));
    if (planned.file.change === 'kept') kept.sources.add(key);
    add(planned);
  }
  for (const [key, made] of Object.entries(content.workflows)) {
    const planned = planFile(existing, 'workflows', key, terms, (before) =>
      before ? mergedWorkflow(before, made, terms) : made,
    );
    if (planned.file.change === 'kept') kept.workflows.add(key);
    add(planned);
  }
  for (const [key, made] of Object.entries(content.audiences))
    add(planFile(existing, 'audiences', key, terms, (before) => ({ ...before, ...made })));
  for (const [name, made] of Object.entries(environments)) {
    // First values of a source whose file stays may name mappings that the file does not have.
    const sources = Object.fromEntries(Object.entries(made.sources).filter(([key]) => !kept.sources.has(key)));
    const inactive = made.inactive_workflows.filter((key) => !kept.workflows.has(key));
    const wanted = { sources, inactive_workflows: inactive };
    add(planEnvironment(existing, name, wanted, Object.keys(content.workflows), terms));
  }
  checkResult(directory, plan.changes, overwrite);
  return plan;
}

type Existing = { files: ListedFile[] };

function existingFiles(directory: string): Existing {
  const meant = folderMeant(directory);
  if (meant !== undefined)
    throw failure(`${directory} is not a folder of configuration files; did you mean ${meant}?`, 'name it with --dir');
  if (!existsSync(directory)) return { files: [] };
  const { files, problems } = listFiles(directory, folders);
  // A folder that is empty, or has no source yet, gets its first ones now.
  const inTheWay = problems.filter(
    ({ severity, file }) => severity === 'error' && file !== directory && file !== join(directory, 'sources'),
  );
  if (inTheWay.length > 0) throw failure(inTheWay.map(problemText), 'correct it first; nothing was written');
  return { files };
}

const folders = ['sources', 'workflows', 'audiences', 'environments'] as const satisfies FileKind[];
const schemas = {
  sources: SourceFile,
  workflows: WorkflowFile,
  audiences: AudienceFile,
  environments: EnvironmentFile,
} as const satisfies Record<FileKind, z.ZodType>;

type Planned = { file: ImportedFile; change?: FileChange };

/** @param wish the content that the file should have, given what it has; undefined if it is new */
function planFile<Folder extends FileKind>(
  { files }: Existing,
  folder: Folder,
  key: string,
  { directory, overwrite }: PlanTerms,
  wish: (before: z.infer<(typeof schemas)[Folder]> | undefined) => unknown,
): Planned {
  const there = files.find((file) => file.kind === folder && file.key === key);
  if (there === undefined) {
    const content = wish(undefined);
    const path = join(directory, folder, `${key}.yaml`);
    const firstLine = modelineOf(files.filter(({ kind }) => kind === folder)) ?? fileSchemaLine(folder);
    const text = newText(briefly(content), firstLine);
    return {
      file: { path, change: 'created', fields: fieldChanges({}, briefly(content)), kept: [] },
      change: { kind: 'create', path, text },
    };
  }
  const before = contentOf(there, folder);
  const wanted = schemas[folder].parse(wish(before));
  if (sameJson(before, wanted)) return { file: { path: there.file, change: 'same', fields: [], kept: [] } };
  const differences = fieldChanges(before, wanted);
  if (!overwrite) return { file: { path: there.file, change: 'kept', fields: [], kept: differences } };
  return changed(there, folder, wanted, { fields: differences, kept: [] });
}

/** A new file; each mapping as people write one, with a blank line before it. */
function newText(content: unknown, firstLine: string): string {
  if (!isJsonObject(content) || !Array.isArray(content.mappings) || content.mappings.length === 0)
    return newFile(content, firstLine);
  const { mappings, ...rest } = content;
  const lines = (mappings as unknown as Mapping[]).map((mapping) =>
    mappingYaml(mapping)
      .map((line) => `  ${line}`)
      .join('\n'),
  );
  return `${newFile(rest, firstLine)}\nmappings:\n${lines.join('\n\n')}\n`;
}

function changed(
  there: ListedFile,
  folder: FileKind,
  wanted: unknown,
  { fields, kept }: Pick<ImportedFile, 'fields' | 'kept'>,
): Planned {
  const [change] = rewritten(there, wanted, schemas[folder]);
  return { file: { path: there.file, change: 'changed', fields, kept }, ...(change && { change }) };
}

function contentOf<Folder extends FileKind>(there: ListedFile, folder: Folder): z.infer<(typeof schemas)[Folder]> {
  const read = readYaml(there.bytes);
  const checked = read.kind === 'wrong' ? undefined : schemas[folder].safeParse(withEmptyList(read.yaml.content));
  if (checked?.success !== true)
    throw failure(
      `${there.file} has an error, so it cannot be kept as it is`,
      'npx signalbox config validate shows it; nothing was written',
    );
  return checked.data as z.infer<(typeof schemas)[Folder]>;
}

/**
 * A source's file as Knock says it. Its mappings are exactly those of Knock, since one more would do
 * one thing more; what Knock does not know of a source is its author's own.
 */
function mergedSource(before: SourceFile, made: SourceFile): SourceFile {
  const { redact: _redact, headers: _headers, ...rest } = made;
  return { ...before, ...rest };
}

/** Where runs go is its author's own, unless a target was asked for. */
function mergedWorkflow(before: WorkflowFile, made: WorkflowFile, { withTargets }: PlanTerms): WorkflowFile {
  const target = withTargets ? { ...before.target, ...made.target } : { ...made.target, ...before.target };
  return { ...before, ...made, target };
}

/** New sources and workflows get their first values; those of others are kept unless overwritten. */
function planEnvironment(
  existing: Existing,
  name: string,
  made: EnvironmentFile,
  workflows: readonly string[],
  terms: PlanTerms,
): Planned {
  const there = existing.files.find((file) => file.kind === 'environments' && file.key === name);
  if (there === undefined) return planFile(existing, 'environments', name, terms, () => made);
  const before = contentOf(there, 'environments');
  const sources = Object.fromEntries(
    Object.entries(made.sources).map(([key, settings]) => [key, mergedSettings(before.sources[key], settings)]),
  );
  const overwritten: EnvironmentFile = EnvironmentFile.parse({
    sources: { ...before.sources, ...sources },
    inactive_workflows: [
      ...before.inactive_workflows.filter((key) => !workflows.includes(key) || made.inactive_workflows.includes(key)),
      ...made.inactive_workflows.filter((key) => !before.inactive_workflows.includes(key)),
    ],
  });
  const isNew = (key: string) =>
    !existing.files.some((file) => file.kind === 'workflows' && file.key === key) &&
    !before.inactive_workflows.includes(key);
  const added: EnvironmentFile = {
    sources: { ...overwritten.sources, ...before.sources },
    inactive_workflows: [...before.inactive_workflows, ...made.inactive_workflows.filter(isNew)],
  };
  const wanted = terms.overwrite ? overwritten : added;
  const kept = terms.overwrite ? [] : fieldChanges(added, overwritten);
  if (sameJson(before, wanted))
    return { file: { path: there.file, change: kept.length > 0 ? 'kept' : 'same', fields: [], kept } };
  return changed(there, 'environments', wanted, { fields: fieldChanges(before, wanted), kept });
}

function mergedSettings(before: SourceSettings | undefined, made: SourceSettings): SourceSettings {
  return {
    ...before,
    ...made,
    verification: { ...before?.verification, ...made.verification },
    idempotency: { ...before?.idempotency, ...made.idempotency },
  };
}

/** Without what says nothing: empty lists and maps that are defaults. */
function briefly(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content;
  return Object.fromEntries(
    Object.entries(content).flatMap(([name, value]) => {
      const said = name === 'parameters' || name === 'target' ? value : briefly(value);
      const isEmpty = Array.isArray(said)
        ? said.length === 0 && name !== 'mappings'
        : typeof said === 'object' && said !== null && Object.keys(said).length === 0;
      return isEmpty && defaults.has(name) ? [] : [[name, said]];
    }),
  );
}

const defaults = new Set([
  'redact',
  'headers',
  'verification',
  'idempotency',
  'inactive_mappings',
  'inactive_workflows',
]);

/**
 * Reads the files as they would be, from a copy.
 * @throws Refusal when one would have an error
 */
function checkResult(directory: string, changes: readonly FileChange[], overwrite: boolean): void {
  const copy = mkdtempSync(join(tmpdir(), 'signalbox-import-'));
  try {
    if (existsSync(directory))
      cpSync(directory, copy, { recursive: true, filter: (path) => !path.includes('node_modules') });
    for (const change of changes) applyChange({ ...change, path: join(copy, relative(directory, change.path)) });
    const errors = readConfigurationFiles(copy).problems.filter(({ severity }) => severity === 'error');
    if (errors.length === 0) return;
    const lines = errors.map((problem) =>
      problemText({ ...problem, file: join(directory, relative(copy, problem.file)) }),
    );
    throw failure(
      ['the files would not pass npx signalbox config validate:', ...lines],
      overwrite
        ? 'correct the files first; nothing was written'
        : 'correct the files first, or import with --overwrite; nothing was written',
    );
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
