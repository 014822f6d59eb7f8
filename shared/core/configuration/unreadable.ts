import { isResourceKey } from '../ids/resource-key.ts';
import { isJsonObject } from '../json/values.ts';
import { pathsOfMapping } from '../mappings/parameter-value.ts';
import type { EnvironmentState, Snapshot, SourceFile } from './schema.ts';

/**
 * Why a function uses an older configuration than the live one; the closed list that logs and
 * metrics share.
 */
export type UnreadableReason =
  // The snapshot that `current` names is missing.
  | 'snapshot_missing'
  // Parts of the snapshot are missing or changed.
  | 'snapshot_damaged'
  // A version of Signalbox wrote it whose format this one does not understand.
  | 'snapshot_unknown'
  | 'state_unknown'
  // The table has not answered for minutes.
  | 'table_unavailable';

/** The live configuration cannot be used. A person has to act; reading it again does not help. */
export class UnreadableConfiguration extends Error {
  override name = 'UnreadableConfiguration';
  readonly reason: UnreadableReason;

  constructor(reason: UnreadableReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * The newest format of snapshots that this version reads. It is raised when older code would
 * misread new snapshots (with a new form of parameter, for example), so that older code refuses
 * them.
 */
export const snapshotFormat = 3;

/**
 * The oldest format whose readers understand a snapshot: 3 if a workflow has limits, which older ones
 * would not keep; 2 if a path has brackets or a workflow has triggers.
 */
export function formatOf({ sources, workflows }: Snapshot): number {
  const isLimited = Object.values(workflows).some(
    ({ max_per_second: rate, max_concurrent: calls }) => rate !== undefined || calls !== undefined,
  );
  if (isLimited) return 3;
  const hasTriggers = Object.values(workflows).some(({ triggers = [] }) => triggers.length > 0);
  return hasTriggers || Object.values(sources).some(hasBrackets) ? 2 : 1;
}

function hasBrackets({ event_type_path, idempotency_key_path, user_id_path, timestamp_path, mappings }: SourceFile) {
  return [
    event_type_path,
    idempotency_key_path,
    user_id_path,
    timestamp_path,
    ...mappings.flatMap(pathsOfMapping),
  ].some((path) => path?.includes('['));
}

/**
 * Checks the parts of a snapshot that functions rely on. It is not the full check of the schema,
 * which files passed before their commit and which takes seconds for 100,000 mappings.
 * @throws UnreadableConfiguration
 */
export function checkSnapshot(value: unknown, hash: string): asserts value is Snapshot {
  const problem = snapshotProblem(value);
  if (problem !== undefined)
    throw new UnreadableConfiguration('snapshot_unknown', `snapshot ${hash} is of no known shape: ${problem}`);
}

function snapshotProblem(value: unknown): string | undefined {
  if (!isJsonObject(value)) return 'it is not a map';
  for (const name of ['sources', 'workflows', 'audiences']) {
    const folder = value[name];
    if (!isMapOfMaps(folder)) return `${name} is not a map of maps`;
    const odd = Object.keys(folder as object).find((key) => !isResourceKey(key));
    if (odd !== undefined) return `${name} has the key ${JSON.stringify(odd)}, which no file can have`;
  }
  for (const [key, source] of Object.entries(value.sources as Record<string, Record<string, unknown>>)) {
    if (typeof source.kind !== 'string') return `sources.${key}.kind is not text`;
    if (!Array.isArray(source.headers)) return `sources.${key}.headers is not a list`;
    if (!Array.isArray(source.mappings)) return `sources.${key}.mappings is not a list`;
    const odd = source.mappings.findIndex((mapping) => !isMapping(mapping));
    if (odd >= 0) return `sources.${key}.mappings[${odd}] is not a mapping`;
  }
  for (const [key, workflow] of Object.entries(value.workflows as Record<string, Record<string, unknown>>)) {
    if (!isMapOfMaps(workflow.target)) return `workflows.${key}.target is not a map of maps`;
    // Older snapshots have no triggers.
    const { triggers = [] } = workflow;
    if (!Array.isArray(triggers) || !triggers.every(isTrigger))
      return `workflows.${key}.triggers is not a list of triggers`;
  }
  return undefined;
}

function isMapping(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { id, event, action, parameters } = value;
  return [id, event, action].every((text) => typeof text === 'string') && isJsonObject(parameters);
}

function isTrigger(value: unknown): boolean {
  return isJsonObject(value) && typeof value.source === 'string' && typeof value.event === 'string';
}

/**
 * The same for per-environment state.
 * @throws UnreadableConfiguration
 */
export function checkState(value: unknown, version: unknown): asserts value is EnvironmentState {
  const problem = stateProblem(value);
  if (problem !== undefined)
    throw new UnreadableConfiguration(
      'state_unknown',
      `the state of version ${version} is of no known shape: ${problem}`,
    );
}

function stateProblem(value: unknown): string | undefined {
  if (!isJsonObject(value)) return 'it is not a map';
  if (!isMapOfMaps(value.sources)) return 'sources is not a map of maps';
  if (!Array.isArray(value.inactive_workflows)) return 'inactive_workflows is not a list';
  if (value.held_workflows !== undefined && !isMapOfMaps(value.held_workflows))
    return 'held_workflows is not a map of maps';
  if (value.held_sources !== undefined && !isMapOfMaps(value.held_sources)) return 'held_sources is not a map of maps';
  for (const [key, source] of Object.entries(value.sources as Record<string, Record<string, unknown>>)) {
    const { enabled, identify, verification, idempotency, inactive_mappings, url } = source;
    if (typeof enabled !== 'boolean') return `sources.${key}.enabled is neither true nor false`;
    // Absent members take the kind's defaults.
    if (!isOptional(identify, 'boolean')) return `sources.${key}.identify is neither true nor false`;
    if (!isJsonObject(verification)) return `sources.${key}.verification is not a map`;
    const { enforced } = verification;
    if (!isOptional(enforced, 'boolean') && enforced !== 'once_set')
      return `sources.${key}.verification.enforced is neither true, false nor once_set`;
    if (!isJsonObject(idempotency)) return `sources.${key}.idempotency is not a map`;
    if (!isOptional(idempotency.window_hours, 'number'))
      return `sources.${key}.idempotency.window_hours is not a number`;
    if (!Array.isArray(inactive_mappings)) return `sources.${key}.inactive_mappings is not a list`;
    if (!isJsonObject(url) || !Number.isInteger(url.generation)) return `sources.${key}.url has no generation`;
  }
  return undefined;
}

const isOptional = (value: unknown, type: 'boolean' | 'number') => value === undefined || typeof value === type;

function isMapOfMaps(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every(isJsonObject);
}
