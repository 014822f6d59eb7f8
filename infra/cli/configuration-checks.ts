import { Ajv2020 } from 'ajv/dist/2020.js';
import jsonata from 'jsonata';
import { expressionProblem } from '../../shared/adapters/jsonata-preprocessor.ts';
import { actions } from '../../shared/core/actions/index.ts';
import { defaultParameters } from '../../shared/core/actions/parts/default-parameters.ts';
import { compileDataSchema } from '../../shared/core/configuration/compile-data-schema.ts';
import type { EnvironmentFile, Mapping, Snapshot, SourceFile } from '../../shared/core/configuration/schema.ts';
import type { JsonObject } from '../../shared/core/json.ts';
import { isBareKey } from '../../shared/core/mappings/parameter-value.ts';
import { sourceKind, sourceKinds } from '../../shared/core/sources/index.ts';
import type { ConfigurationProblem, FileKind, Locate } from './configuration-files.ts';
import { didYouMean } from './did-you-mean.ts';

/** Finds what no schema of one file can: names that nothing goes by, mappings that can never match. */
export function checkReferences(
  snapshot: Snapshot,
  environments: Record<string, EnvironmentFile>,
  locate: Locate,
): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  const report: Report = (severity, kind, key, path, message) => {
    problems.push({ severity, ...locate(kind, key, path), message });
  };
  for (const [key, source] of Object.entries(snapshot.sources)) checkSource(key, source, snapshot, report);
  for (const [key, workflow] of Object.entries(snapshot.workflows)) {
    for (const environment of Object.keys(workflow.target)) {
      if (!Object.hasOwn(environments, environment)) {
        const known = Object.keys(environments);
        report(
          'error',
          'workflows',
          key,
          ['target', environment],
          `names environment "${environment}"${didYouMean(environment, known)}`,
        );
      }
    }
    const schema = workflow.data_schema && compileDataSchema(Ajv2020, workflow.data_schema as JsonObject);
    if (schema && 'problem' in schema) {
      report('error', 'workflows', key, ['data_schema'], `is no JSON Schema: ${schema.problem}`);
    }
    for (const environment of Object.keys(environments)) {
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
  for (const [name, environment] of Object.entries(environments)) checkEnvironment(name, environment, snapshot, report);
  return problems;
}

type Report = (
  severity: ConfigurationProblem['severity'],
  kind: FileKind,
  key: string,
  path: (string | number)[],
  message: string,
) => void;

function checkSource(key: string, source: SourceFile, { workflows, audiences }: Snapshot, report: Report): void {
  const kinds = sourceKinds.map(({ id }) => id);
  if (!kinds.includes(source.kind)) {
    report('error', 'sources', key, ['kind'], `"${source.kind}" is no kind of source${didYouMean(source.kind, kinds)}`);
  }
  const kind = sourceKind(source.kind);
  if (kind?.signs && source.verification !== undefined) {
    const message = `is not needed: ${kind.title} signs its requests in a way of its own, which is always what is checked`;
    report('error', 'sources', key, ['verification'], message);
  }
  const expression = source.preprocess && expressionProblem(jsonata, source.preprocess.jsonata);
  if (expression) report('error', 'sources', key, ['preprocess', 'jsonata'], `is no expression: ${expression}`);
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
    checkAction(mapping, (severity, path, message) =>
      report(severity, 'sources', key, ['mappings', i, ...path], message),
    );
    checkWorkflow(mapping, Object.keys(workflows), (message) =>
      report('error', 'sources', key, ['mappings', i, 'parameters', 'key'], message),
    );
    checkAudience(mapping, Object.keys(audiences), (message) =>
      report('warning', 'sources', key, ['mappings', i, 'parameters', 'key'], message),
    );
    const never = source.event_type_path === undefined ? kind?.neverOfType?.(mapping.event) : undefined;
    if (never) report('warning', 'sources', key, ['mappings', i, 'event'], never);
  }
}

function checkAction(
  mapping: Mapping,
  report: (severity: ConfigurationProblem['severity'], path: string[], message: string) => void,
): void {
  const action = actions.find(({ id }) => id === mapping.action);
  if (action === undefined) {
    const known = actions.map(({ id }) => id);
    report('error', ['action'], `"${mapping.action}" is no action${didYouMean(mapping.action, known)}`);
    return;
  }
  const { shape } = action.params;
  for (const name of Object.keys(mapping.parameters)) {
    if (!Object.hasOwn(shape, name)) {
      report('error', ['parameters', name], `is no parameter of ${action.id}${didYouMean(name, Object.keys(shape))}`);
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

function checkWorkflow(mapping: Mapping, workflows: string[], report: (message: string) => void): void {
  const { key } = mapping.parameters;
  if (key === undefined || !isBareKey(mapping.action, 'key', key) || workflows.includes(key)) return;
  report(`"${key}" is no workflow${didYouMean(key, workflows)}`);
}

/** An audience may also be made by an action, so one without a file is odd and no error. */
function checkAudience({ action, parameters }: Mapping, audiences: string[], report: (message: string) => void): void {
  const { key, create_audience } = parameters;
  if (action !== 'audiences_add_member' || create_audience !== undefined) return;
  const literal = typeof key === 'object' && 'value' in key ? key.value : undefined;
  if (typeof literal !== 'string' || audiences.includes(literal)) return;
  const why = 'has no file, so adding to it fails unless an action with create_audience made it';
  report(`"${literal}" ${why}${didYouMean(literal, audiences)}`);
}

function checkEnvironment(
  name: string,
  { sources, inactive_workflows }: EnvironmentFile,
  snapshot: Snapshot,
  report: Report,
): void {
  for (const [key, settings] of Object.entries(sources)) {
    const source = Object.hasOwn(snapshot.sources, key) ? snapshot.sources[key] : undefined;
    if (source === undefined) {
      report(
        'error',
        'environments',
        name,
        ['sources', key],
        `"${key}" is no source${didYouMean(key, Object.keys(snapshot.sources))}`,
      );
      continue;
    }
    const ids = source.mappings.map(({ id }) => id);
    for (const [i, id] of settings.inactive_mappings.entries()) {
      if (ids.includes(id)) continue;
      report(
        'error',
        'environments',
        name,
        ['sources', key, 'inactive_mappings', i],
        `"${id}" is no mapping of ${key}${didYouMean(id, ids)}`,
      );
    }
  }
  for (const [i, key] of inactive_workflows.entries()) {
    const known = Object.keys(snapshot.workflows);
    if (!known.includes(key))
      report(
        'error',
        'environments',
        name,
        ['inactive_workflows', i],
        `"${key}" is no workflow${didYouMean(key, known)}`,
      );
  }
}
