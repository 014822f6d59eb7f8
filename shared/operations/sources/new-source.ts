import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verification } from '../../core/configuration/verification.ts';
import { ResourceKey } from '../../core/ids/resource-key.ts';
import { resourceNamedBy } from '../../core/mappings/action-facts.ts';
import type { DefaultMapping, GuidedKind } from '../../core/sources/guide.ts';
import { failure, usageError } from '../refusal.ts';
import { didYouMean } from '../words/did-you-mean.ts';
import { safeYaml } from '../words/safe-yaml.ts';
import { mappingYaml } from './mapping-yaml.ts';

export type NewSource = {
  key: string;
  kind: GuidedKind;
  /** For people. Absent: the kind's title, with the key where that is another one. */
  name?: string | undefined;
  /** How requests are checked. Absent: the kind's own way. */
  verification?: Verification | undefined;
  /** The default mappings in the new file; the others are in it as comments. */
  mappings: readonly DefaultMapping[];
  /** Folder of the configuration files. */
  directory: string;
};

/** A written file, by the name shown to people. */
export type WrittenFile = { path: string; kind: 'source' | 'workflow' };

export type PlannedFile = WrittenFile & { text: string };
export type PlannedWorkflow = PlannedFile & { key: string };

/**
 * The files of a new source: `sources/<key>.yaml`, and for each workflow that its mappings start and
 * that has no file, one that only records its runs.
 * @throws Refusal when the key is invalid or taken, or the kind takes no other verification
 */
export function planNewSource(source: NewSource): PlannedFile[] {
  const { key, kind, directory, mappings, verification } = source;
  const problem = ResourceKey.safeParse(key).error?.issues[0]?.message;
  if (problem !== undefined) throw usageError(`"${key}" cannot be the key of a source: it ${problem}`);
  if (verification !== undefined && kind.kind.signs)
    throw usageError(`${kind.kind.title} signs its requests, so its sources declare no verification`);
  const path = join(directory, 'sources', `${key}.yaml`);
  if (isThere(path)) {
    const other = `--key ${kind.kind.id}-2`;
    throw failure(`${path} is there already`, `a second source of one kind takes a key of its own: ${other}`);
  }
  return [{ path, kind: 'source', text: sourceText(source) }, ...plannedWorkflows(workflowsOf(mappings), directory)];
}

/** Files of workflows that have none: each only records its runs, in every environment. */
export function plannedWorkflows(keys: readonly string[], directory: string): PlannedWorkflow[] {
  return keys
    .map((key) => ({ key, path: join(directory, 'workflows', `${key}.yaml`) }))
    .filter(({ path }) => !isThere(path))
    .map(({ key, path }) => ({ key, path, kind: 'workflow', text: workflowText(key, environmentsIn(directory)) }));
}

const isThere = (path: string) => existsSync(path) || existsSync(path.replace(/\.yaml$/, '.yml'));

/**
 * Writes the planned files. It never overwrites a file.
 * @throws Refusal as `planNewSource`
 */
export function writeNewSource(source: NewSource): WrittenFile[] {
  const files = planNewSource(source);
  for (const file of files) {
    mkdirSync(join(file.path, '..'), { recursive: true });
    writeFileSync(file.path, file.text, { flag: 'wx' });
  }
  return files.map(({ path, kind }) => ({ path, kind }));
}

/** Workflows that mappings start, by their literal keys. */
export function workflowsOf(mappings: readonly DefaultMapping[]): string[] {
  const keys = mappings.flatMap(({ mapping }) => {
    const named = resourceNamedBy(mapping);
    return named?.type === 'workflow' && !named.isLiteral ? [named.key] : [];
  });
  return [...new Set(keys)];
}

function environmentsIn(directory: string): string[] {
  const folder = join(directory, 'environments');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => /^(.+)\.ya?ml$/.exec(name)?.[1] ?? []);
}

export type MappingChoice = { only?: readonly string[]; without?: readonly string[] };

/**
 * A kind's default mappings for the chosen event types; without a choice, those that are not
 * optional.
 * @throws Refusal for an event type without a default mapping
 */
export function chooseMappings({ kind, guide }: GuidedKind, { only, without }: MappingChoice): DefaultMapping[] {
  const all = guide.defaultMappings;
  const types = [...new Set(all.map(({ mapping }) => mapping.event))];
  for (const type of [...(only ?? []), ...(without ?? [])]) {
    if (!types.includes(type))
      throw usageError(`no default mapping of ${kind.id} is for "${type}"${didYouMean(type, types)}`);
  }
  if (only !== undefined) return all.filter(({ mapping }) => only.includes(mapping.event));
  return all.filter(({ optional, mapping }) => !optional && !without?.includes(mapping.event));
}

const width = 118;

/** The whole file: the kind's defaults, the settings that can override them, and its mappings. */
export function sourceText({ key, kind: { kind, guide }, name, mappings, verification }: NewSource): string {
  const left = guide.defaultMappings.filter((one) => !mappings.includes(one));
  return [
    '# yaml-language-server: $schema=../schemas/source.schema.json',
    ...comment(
      `Events from ${kind.title}. How to set that up, and what each answer means to it: docs/sources/${kind.id}.md`,
    ),
    `kind: ${kind.id}`,
    `name: ${safeYaml(name ?? nameByDefault(kind, key))}`,
    '',
    ...comment(`Event type: ${guide.eventType.rule}`),
    ...comment('event_type_path: body.type'),
    ...comment(`Idempotency key: ${guide.key}.`),
    ...comment('idempotency_key_path: body.id'),
    ...comment(`What a sender has to do: ${kind.verifier.instruction}.`),
    ...(verification !== undefined
      ? [`verification: ${safeYaml(verification, { isFlow: true })}`]
      : kind.signs
        ? []
        : comment('verification: { kind: header, header: x-webhook-secret }')),
    ...comment('Request headers to keep with each event besides its own, and fields that are never stored:'),
    ...comment('headers: [x-request-id]'),
    ...comment("redact: [password, '*_token']"),
    '',
    // Without entries it's an empty list, and it stays valid when a mapping below it loses its `#`.
    mappings.length === 0 && left.length === 0 ? 'mappings: []' : 'mappings:',
    ...mappings.flatMap((one, i) => [...(i === 0 ? [] : ['']), ...mappingLines(one)].map((line) => indented(line))),
    ...(left.length === 0 ? [] : ['', ...comment('More that this sender is often used for:').map(indented)]),
    ...left.flatMap((one, i) =>
      [...(i === 0 ? [] : ['']), ...mappingLines(one).map((line) => (line.startsWith('#') ? line : `# ${line}`))].map(
        indented,
      ),
    ),
    '',
  ].join('\n');
}

/** The name of a new source that none is given for. */
export const nameByDefault = ({ id, title }: { id: string; title: string }, key: string) =>
  key === id ? title : `${title} (${key})`;

const indented = (line: string) => (line === '' ? '' : `  ${line}`);

function mappingLines({ about, mapping }: DefaultMapping): string[] {
  return [...comment(about), ...mappingYaml(mapping)];
}

function comment(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}

function workflowText(key: string, environments: string[]): string {
  const name = key.charAt(0).toUpperCase() + key.slice(1).replaceAll(/[-_]/g, ' ');
  return [
    '# yaml-language-server: $schema=../schemas/workflow.schema.json',
    `name: ${name}`,
    '',
    ...comment(
      'Where runs go, per environment. `log` records the run and makes no call: docs/targets.md has the others.',
    ),
    environments.length === 0 ? 'target: {}' : 'target:',
    ...environments.map((environment) => `  ${environment}: { type: log }`),
    '',
  ].join('\n');
}
