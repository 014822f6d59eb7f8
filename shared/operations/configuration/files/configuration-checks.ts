import { Ajv2020 } from 'ajv/dist/2020.js';
import jsonata from 'jsonata';
import { expressionProblem } from '../../../adapters/jsonata-expression.ts';
import { actions } from '../../../core/actions/index.ts';
import { compileDataSchema } from '../../../core/configuration/compile-data-schema.ts';
import type { EnvironmentFile, Snapshot, SourceFile, WorkflowFile } from '../../../core/configuration/schema.ts';
import { actionsPerEventMax, mappingsOf, triggerMappings } from '../../../core/configuration/triggers.ts';
import { apiSource } from '../../../core/ids/api-source.ts';
import { keptHeaders } from '../../../core/ingest/kept-headers.ts';
import type { JsonObject } from '../../../core/json/values.ts';
import { verifierOf } from '../../../core/live/effective-settings.ts';
import { defaultParameters, factsOf, isBareKey, resourceNamedBy } from '../../../core/mappings/action-facts.ts';
import { headerName } from '../../../core/mappings/event-path.ts';
import { fieldPathProblem, parseFieldPath } from '../../../core/mappings/field-path.ts';
import { pathsOf } from '../../../core/mappings/parameter-value.ts';
import type { Mapping, ParameterValue } from '../../../core/mappings/schema.ts';
import { hasLooseBraces, templatePaths } from '../../../core/mappings/template.ts';
import { coverageOf } from '../../../core/signatures/coverage.ts';
import { sourceKind, sourceKinds } from '../../../core/sources/index.ts';
import { didYouMean, nearestName } from '../../words/did-you-mean.ts';
import type { ConfigurationProblem, FileKind, Locate } from './problem.ts';

/**
 * Finds what a schema of one file cannot: names of missing things, and mappings that can never
 * match.
 */
export function checkReferences(
  snapshot: Snapshot,
  environments: Record<string, EnvironmentFile>,
  locate: Locate,
  /** Existing files, including unreadable ones: naming one of them is not a mistake. */
  keys: Record<FileKind, string[]>,
): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  const report: Report = (severity, kind, key, path, message, at) => {
    problems.push({ severity, ...locate(kind, key, path, at), message });
  };
  for (const [key, source] of Object.entries(snapshot.sources)) checkSource(key, source, keys, report);
  if (Object.hasOwn(snapshot.sources, apiSource)) {
    const what = `is in a file called "${apiSource}", the source of calls of the REST API; give the file another name`;
    report('error', 'sources', apiSource, ['kind'], what);
  }
  for (const key of Object.keys(snapshot.sources)) checkCounts(key, snapshot, report);
  const taken = new Map<string, Set<string>>();
  for (const [key, workflow] of Object.entries(snapshot.workflows)) {
    for (const environment of Object.keys(workflow.target)) {
      if (!keys.environments.includes(environment)) {
        const known = keys.environments;
        report(
          'error',
          'workflows',
          key,
          ['target', environment],
          `names environment "${environment}"${didYouMean(environment, known)}`,
          'key',
        );
      }
    }
    checkTriggers(key, workflow, snapshot, keys, taken, report);
    if (workflow.audience !== undefined && !keys.audiences.includes(workflow.audience)) {
      const hint = didYouMean(workflow.audience, keys.audiences);
      report(
        'warning',
        'workflows',
        key,
        ['audience'],
        `"${workflow.audience}" has no file, so no run starts unless an action makes it${hint}`,
      );
    }
    const schema = workflow.data_schema && compileDataSchema(Ajv2020, workflow.data_schema as JsonObject);
    if (schema && 'problem' in schema) {
      report('error', 'workflows', key, ['data_schema'], `is not a JSON Schema: ${schema.problem}`);
    }
    for (const environment of keys.environments) {
      if (!Object.hasOwn(workflow.target, environment)) {
        report(
          'warning',
          'workflows',
          key,
          ['target'],
          `has no target for ${environment}: triggers there end as target_missing`,
        );
      }
    }
  }
  for (const [name, environment] of Object.entries(environments))
    checkEnvironment(name, environment, snapshot, keys, report);
  return problems;
}

type Report = (
  severity: ConfigurationProblem['severity'],
  kind: FileKind,
  key: string,
  path: (string | number)[],
  message: string,
  /** For a wrong name in place of a value. */
  at?: 'key',
) => void;

function checkSource(key: string, source: SourceFile, keys: Record<FileKind, string[]>, report: Report): void {
  const kinds = sourceKinds.map(({ id }) => id);
  if (!kinds.includes(source.kind)) {
    report(
      'error',
      'sources',
      key,
      ['kind'],
      `"${source.kind}" is not a kind of source${didYouMean(source.kind, kinds)}`,
    );
  }
  const kind = sourceKind(source.kind);
  if (kind?.signs && source.verification !== undefined) {
    const message = `is not needed: ${kind.title} signs its requests in a way of its own, which is always what is checked`;
    report('error', 'sources', key, ['verification'], message);
  }
  if (source.destination !== undefined && kind?.isDestination !== true) {
    const message = `has no meaning here: senders of kind ${source.kind} call no methods`;
    report('error', 'sources', key, ['destination'], message);
  }
  const expression = source.preprocess && expressionProblem(jsonata, source.preprocess.jsonata);
  if (expression) report('error', 'sources', key, ['preprocess', 'jsonata'], `is not an expression: ${expression}`);
  for (const { at, path } of pathsOfFile(source)) {
    const problem = headerPathProblem(path, source);
    if (problem !== undefined) report('error', 'sources', key, at, problem);
    else if (kind !== undefined && isUnsigned(path, source))
      report('warning', 'sources', key, at, unsignedWarning(path));
  }
  const ids = new Set<string>();
  for (const [i, mapping] of source.mappings.entries()) {
    if (ids.has(mapping.id)) {
      report(
        'error',
        'sources',
        key,
        ['mappings', i, 'id'],
        `"${mapping.id}" is the id of an earlier mapping; effects are keyed by it, so it must be unique`,
      );
    }
    ids.add(mapping.id);
    checkAction(mapping, (severity, path, message, at) =>
      report(severity, 'sources', key, ['mappings', i, ...path], message, at),
    );
    for (const [name, value] of Object.entries(mapping.parameters)) {
      for (const { path, problem } of templateProblems(value))
        report('error', 'sources', key, ['mappings', i, 'parameters', name, ...path], problem);
    }
    checkNamed(mapping, keys, (severity, parameter, message) =>
      report(severity, 'sources', key, ['mappings', i, 'parameters', parameter], message),
    );
    const never = neverOfType(mapping, source);
    if (never !== undefined) report('warning', 'sources', key, ['mappings', i, 'event'], never);
  }
}

/** Mappings of one type that could not all run for one event: those of triggers count as well. */
function checkCounts(key: string, snapshot: Snapshot, report: Report): void {
  for (const [event, { length }] of Map.groupBy(mappingsOf(snapshot, key), (mapping) => mapping.event)) {
    if (length <= actionsPerEventMax) continue;
    const message = `has ${length} mappings for "${event}", those of workflows' triggers counted; one event runs at most ${actionsPerEventMax} actions`;
    report('error', 'sources', key, ['mappings'], message);
  }
}

/** Why no event of its source can have a mapping's type; undefined when one can. */
function neverOfType({ event }: Mapping, source: SourceFile): string | undefined {
  const kind = sourceKind(source.kind);
  const never = source.event_type_path === undefined ? kind?.neverOfType?.(event) : undefined;
  if (never === undefined) return undefined;
  const near = nearestName(event, kind?.fixedTypes ?? []);
  return near === undefined || near === event ? never : `${never}; did you mean "${near}"?`;
}

/**
 * What is wrong with the mappings that a workflow's triggers stand for, reported at the triggers.
 */
function checkTriggers(
  key: string,
  workflow: WorkflowFile,
  snapshot: Snapshot,
  keys: Record<FileKind, string[]>,
  /** Ids of mappings, by source. */
  taken: Map<string, Set<string>>,
  report: Report,
): void {
  for (const [i, { source, mapping }] of triggerMappings(key, workflow).entries()) {
    const tell = (severity: ConfigurationProblem['severity'], path: (string | number)[], message: string) =>
      report(severity, 'workflows', key, ['triggers', i, ...path], message);
    const file = Object.hasOwn(snapshot.sources, source) ? snapshot.sources[source] : undefined;
    if (file === undefined) {
      // A workflow whose file cannot be read still exists.
      if (!keys.sources.includes(source))
        tell('error', ['source'], `"${source}" is not a source${didYouMean(source, keys.sources)}`);
      continue;
    }
    const ids = taken.get(source) ?? new Set(file.mappings.map(({ id }) => id));
    taken.set(source, ids);
    if (ids.has(mapping.id)) {
      const isNamed = workflow.triggers?.[i]?.id !== undefined;
      tell(
        'error',
        [isNamed ? 'id' : 'event'],
        isNamed
          ? `"${mapping.id}" is the id of another mapping of ${source}; effects are keyed by it, so it must be unique`
          : `makes the id "${mapping.id}", which another mapping of ${source} has; give this trigger an id of its own`,
      );
    }
    ids.add(mapping.id);
    for (const [name, value] of Object.entries(mapping.parameters)) {
      for (const { path, problem } of templateProblems(value)) tell('error', [name, ...path], problem);
    }
    for (const { at, path } of pathsOfOne(mapping)) {
      const problem = headerPathProblem(path, file);
      // A trigger's parameters are beside its source, not under `parameters`.
      if (problem !== undefined) tell('error', at[0] === 'parameters' ? at.slice(1) : at, problem);
    }
    const never = neverOfType(mapping, file);
    if (never !== undefined) tell('warning', ['event'], never);
  }
}

/** Whether the source's signature does not cover a path; false if its requests are not signed. */
function isUnsigned(path: string, source: SourceFile): boolean {
  if (fieldPathProblem(path) !== undefined) return false;
  return coverageOf(verifierOf(sourceKind(source.kind), source), parseFieldPath(path)) === 'unsigned';
}

const unsignedWarning = (path: string) =>
  `"${path}" is not covered by the signature: a person who has seen one request can send it again with another value there; take a field of the body where there is one`;

function checkAction(
  mapping: Mapping,
  report: (severity: ConfigurationProblem['severity'], path: string[], message: string, at?: 'key') => void,
): void {
  const action = actions.find(({ id }) => id === mapping.action);
  if (action === undefined) {
    const known = actions.map(({ id }) => id);
    report('error', ['action'], `"${mapping.action}" is not an action${didYouMean(mapping.action, known)}`);
    return;
  }
  const { shape } = action.params;
  for (const name of Object.keys(mapping.parameters)) {
    if (!Object.hasOwn(shape, name)) {
      const hint = didYouMean(name, Object.keys(shape));
      report('error', ['parameters', name], `is not a parameter of ${action.id}${hint}`, 'key');
    }
  }
  const given = { ...defaultParameters(action.id), ...mapping.parameters };
  for (const name of Object.keys(shape)) {
    if (!shape[name]?.isOptional() && !Object.hasOwn(given, name)) {
      report(
        'error',
        ['parameters'],
        `lacks ${name}, which ${action.id} requires: without it every event of this type is skipped`,
      );
    }
  }
}

/** A mapping names a workflow or audience without a file. */
function checkNamed(
  mapping: Mapping,
  keys: Record<FileKind, string[]>,
  report: (severity: ConfigurationProblem['severity'], parameter: string, message: string) => void,
): void {
  const named = resourceNamedBy(mapping);
  if (named === undefined) return;
  const { parameter, type, key, isLiteral } = named;
  const known = type === 'workflow' ? keys.workflows : keys.audiences;
  if (known.includes(key)) return;
  const hint = didYouMean(key, known);
  if (type === 'audience') {
    // An action may make the audience too, so a missing file is only a warning.
    const why = `has no file, so adding to it fails unless an action with ${factsOf(mapping.action).names?.madeWith} made it`;
    report('warning', parameter, `"${key}" ${why}${hint}`);
  } else if (isLiteral) {
    // A literal is written on purpose, so the file may follow later.
    report('warning', parameter, `"${key}" is not a workflow: it ends as workflow_missing${hint}`);
  } else report('error', parameter, `"${key}" is not a workflow${hint}`);
}

type PlacedPath = { at: (string | number)[]; path: string };

const filePaths = ['event_type_path', 'idempotency_key_path', 'user_id_path', 'timestamp_path'] as const;

/** Every path with which a source's file reads events, and its place. */
function pathsOfFile(source: SourceFile): PlacedPath[] {
  return [
    ...filePaths.flatMap((name) => {
      const path = source[name];
      return path === undefined ? [] : [{ at: [name], path }];
    }),
    ...source.mappings.flatMap((mapping, i) =>
      pathsOfOne(mapping).map(({ at, path }) => ({ at: ['mappings', i, ...at], path })),
    ),
  ];
}

function pathsOfOne({ action, parameters, when = [] }: Mapping): PlacedPath[] {
  return [
    ...when.map(({ path }, i) => ({ at: ['when', i, 'path'], path })),
    ...Object.entries(parameters).flatMap(([name, value]) =>
      isBareKey(action, name, value) ? [] : pathsOf(value).map((path) => ({ at: ['parameters', name], path })),
    ),
  ];
}

/** Why no event has the header that a path names; undefined for every other path. */
function headerPathProblem(path: string, source: SourceFile): string | undefined {
  // Malformed paths are reported elsewhere.
  if (!path.startsWith('headers') || fieldPathProblem(path) !== undefined) return undefined;
  const name = headerName(parseFieldPath(path));
  if (name === undefined) return undefined;
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return `"${path}" leads nowhere: no request has a header "${name}"`;
  const kind = sourceKind(source.kind);
  const kept = keptHeaders(
    { [name]: 'x' },
    { kind, file: source, verifier: verifierOf(kind, source), redact: [], namedHeaders: [name] },
  );
  return Object.hasOwn(kept, name)
    ? undefined
    : `"${path}" leads nowhere: ${name} is a credential, which no event keeps`;
}

/** What is wrong with paths inside templates, each with its template's place in the value. */
function templateProblems(value: ParameterValue): { path: (string | number)[]; problem: string }[] {
  if (typeof value === 'string') return [];
  if (Array.isArray(value)) return value.flatMap((inner, i) => templateProblems(inner).map(inside(i)));
  const names = Object.keys(value);
  if (names.length === 1 && 'value' in value) return [];
  if (names.length === 1 && 'template' in value && typeof value.template === 'string') {
    const problem = templateProblem(value.template);
    return problem === undefined ? [] : [{ path: ['template'], problem }];
  }
  return Object.entries(value).flatMap(([name, inner]) => templateProblems(inner as ParameterValue).map(inside(name)));
}

const inside =
  (part: string | number) =>
  ({ path, problem }: { path: (string | number)[]; problem: string }) => ({ path: [part, ...path], problem });

function templateProblem(template: string): string | undefined {
  for (const path of templatePaths(template)) {
    const problem = fieldPathProblem(path);
    if (path === '') return `"${template}" has {{}} with no path in it`;
    if (problem !== undefined) return `has a path in it that cannot be one: ${problem}`;
  }
  return hasLooseBraces(template) ? `"${template}" has braces that do not match up; write {{path}}` : undefined;
}

function checkEnvironment(
  name: string,
  { sources, inactive_workflows }: EnvironmentFile,
  snapshot: Snapshot,
  keys: Record<FileKind, string[]>,
  report: Report,
): void {
  for (const [key, settings] of Object.entries(sources)) {
    const source = Object.hasOwn(snapshot.sources, key) ? snapshot.sources[key] : undefined;
    if (source === undefined && keys.sources.includes(key)) continue;
    if (source === undefined) {
      report(
        'error',
        'environments',
        name,
        ['sources', key],
        `"${key}" is not a source${didYouMean(key, keys.sources)}`,
        'key',
      );
      continue;
    }
    const { path } = settings.idempotency;
    const problem = path === undefined ? undefined : headerPathProblem(path, source);
    if (problem !== undefined) report('error', 'environments', name, ['sources', key, 'idempotency', 'path'], problem);
    else if (path !== undefined && isUnsigned(path, source))
      report('warning', 'environments', name, ['sources', key, 'idempotency', 'path'], unsignedWarning(path));
    const ids = mappingsOf(snapshot, key).map(({ id }) => id);
    for (const [i, id] of settings.inactive_mappings.entries()) {
      if (ids.includes(id)) continue;
      report(
        'error',
        'environments',
        name,
        ['sources', key, 'inactive_mappings', i],
        `"${id}" is not a mapping of ${key}${didYouMean(id, ids)}`,
      );
    }
  }
  for (const [i, key] of inactive_workflows.entries()) {
    const known = keys.workflows;
    if (!known.includes(key))
      report(
        'error',
        'environments',
        name,
        ['inactive_workflows', i],
        `"${key}" is not a workflow${didYouMean(key, known)}`,
      );
  }
}
