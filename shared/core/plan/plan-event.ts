import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Preprocessed, Preprocessor } from '../../ports/preprocessor.ts';
import type { SourceHold } from '../configuration/schema.ts';
import { actionsPerEventMax } from '../configuration/triggers.ts';
import type { NormalizedEvent } from '../events/normalized-event.ts';
import { type RawEvent, unpackEventText, type VerificationStatus } from '../events/raw-event.ts';
import { validKey } from '../ids/claim-key.ts';
import { isJsonObject, type JsonObject, own, parseJson } from '../json/values.ts';
import { builtInSource } from '../live/destination-source.ts';
import { type PreparedSource, prepareSource } from '../live/prepared.ts';
import { sourceState } from '../live/source-state.ts';
import type { EventReason } from '../logs/event-log-entry.ts';
import { factsOf } from '../mappings/action-facts.ts';
import { unmetBecause } from '../mappings/parameter-value.ts';
import type { Mapping } from '../mappings/schema.ts';
import { sourceKind } from '../sources/index.ts';
import { normalizeEvent, type Preprocessing, preprocessEvent } from '../sources/normalize.ts';
import { syncedRecordOf } from '../sources/parts/synced-record.ts';
import { mayBeForged, ownMapping } from './own-actions.ts';

/** The outcome of one mapping for one event, and the reason. */
export type ConsideredMapping = {
  mapping: Mapping;
  verdict: 'runs' | 'identify_disabled' | 'mapping_inactive' | 'conditions_not_met' | 'not_verified';
  /**
   * For conditions: what was found instead; for `not_verified`: the result of the event's check.
   */
  detail?: string;
};

export type PlannedInvocation = { mapping: string; action: string; payload: JsonObject };

type Ended = { reason: EventReason; detail?: string };

/**
 * An event read and matched, before claims and writes. The same event and configuration always give
 * the same plan, so tools can show later why a mapping did or did not run.
 */
export type PlannedEvent = {
  raw: RawEvent;
  configVersion: number;
  /** Absent only when the event was rejected. */
  event?: NormalizedEvent;
  /** The result of the source's own expression; absent without one. */
  preprocessing?: Preprocessing;
  /** The idempotency key, when it is valid and checks are on. */
  key?: string;
  windowSeconds: number;
  /** The source's retention of rows; absent: the environment's. */
  retentionDays?: number;
  /** Its source is paused in this environment. */
  hold?: SourceHold;
  considered: ConsideredMapping[];
  plan:
    | ({ kind: 'rejected' } & Ended)
    | ({ kind: 'no_mapping' } & Ended)
    | { kind: 'run'; invocations: PlannedInvocation[] };
};

/**
 * Normalizes an event and matches it against one configuration, without I/O. It throws only for a
 * payload that is not ours.
 * @param made the result of the source's own expression, required if it has one; `readAndPlan` runs
 * it
 */
export function planEvent(raw: RawEvent, configuration: LiveConfiguration, made?: Preprocessed): PlannedEvent {
  const { retention_days } = sourceState(configuration, raw.source);
  const hold = own(configuration.state.held_sources ?? {}, raw.source);
  const base = {
    raw,
    configVersion: configuration.version,
    windowSeconds: 0,
    ...(retention_days !== undefined && { retentionDays: retention_days }),
    ...(hold !== undefined && { hold }),
    considered: [],
  };
  const source = prepareSource(configuration, raw.source) ?? sourceOfRecord(raw, configuration);
  if (source === undefined) {
    const detail = `source "${raw.source}" is not in configuration version ${configuration.version}; it was removed after the event was accepted`;
    return { ...base, plan: { kind: 'rejected', reason: 'source_missing', detail } };
  }
  const normalized = normalizeEvent(raw, source.file, source.settings, made);
  const { preprocessing } = normalized;
  if (normalized.kind === 'rejected') {
    const { reason, detail } = normalized;
    return { ...base, ...(preprocessing && { preprocessing }), plan: { kind: 'rejected', reason, detail } };
  }
  const { event } = normalized;
  const { idempotency, enabled } = source.settings;
  const key = idempotency.enabled ? validKey(event.keyCandidate) : undefined;
  const planned = {
    ...base,
    event,
    ...(preprocessing && { preprocessing }),
    ...(key !== undefined && { key }),
    windowSeconds: idempotency.windowHours * 3600,
  };
  if (event.userId !== undefined && configuration.erased?.has(event.userId)) {
    const detail = 'the person of this event was erased here';
    return { ...planned, plan: { kind: 'rejected', reason: 'person_erased', detail } };
  }
  if (!enabled) {
    return {
      ...planned,
      plan: {
        kind: 'rejected',
        reason: 'source_disabled',
        detail: `source "${raw.source}" is switched off in this environment`,
      },
    };
  }
  return { ...planned, ...matchMappings(event, raw.verification, source) };
}

/** Runs the source's own expression, if any, then `planEvent`. */
export async function readAndPlan(
  raw: RawEvent,
  configuration: LiveConfiguration,
  preprocessor: Preprocessor,
): Promise<PlannedEvent> {
  const source = prepareSource(configuration, raw.source);
  const made = source && (await preprocessEvent(raw, source.file, preprocessor));
  return planEvent(raw, configuration, made);
}

/**
 * Records of syncs need no file: their rows are then under the key of the kind. Any other event under
 * that key is of a source that was removed.
 */
function sourceOfRecord(raw: RawEvent, configuration: LiveConfiguration): PreparedSource | undefined {
  if (sourceKind(raw.source)?.isDestination !== true) return undefined;
  const body = parseJson(unpackEventText(raw.payload).body);
  return isJsonObject(body) && syncedRecordOf(body) !== undefined
    ? builtInSource(configuration, raw.source)
    : undefined;
}

function matchMappings(
  event: NormalizedEvent,
  verification: VerificationStatus,
  source: PreparedSource,
): Pick<PlannedEvent, 'considered' | 'plan'> {
  const considered: ConsideredMapping[] = [];
  const invocations = ownInvocations(event, verification, source);
  for (const { mapping, conditions, parameters } of source.mappingsOf(event.eventType)) {
    if (event.eventType === 'identify' && !source.settings.identify) {
      considered.push({ mapping, verdict: 'identify_disabled' });
      continue;
    }
    if (source.state.inactive_mappings.includes(mapping.id)) {
      considered.push({ mapping, verdict: 'mapping_inactive' });
      continue;
    }
    const unmet = firstUnmet(conditions, event);
    if (unmet !== undefined) {
      considered.push({ mapping, verdict: 'conditions_not_met', detail: unmet });
      continue;
    }
    if (mayBeForged(verification) && factsOf(mapping.action).destructive && !source.settings.deletesUnverified) {
      const detail = `${mapping.action} needs a verified event, and this one is ${verification}; see \`verification.destructive\` in the settings of the source`;
      considered.push({ mapping, verdict: 'not_verified', detail });
      continue;
    }
    considered.push({ mapping, verdict: 'runs' });
    invocations.push({ mapping: mapping.id, action: mapping.action, payload: parameters(event) });
  }
  if (invocations.length > actionsPerEventMax) {
    const detail = `${invocations.length} mappings run for this event, at most ${actionsPerEventMax} may; give some of them conditions, or remove some`;
    return { considered, plan: { kind: 'rejected', reason: 'too_many_actions', detail } };
  }
  // The request did the work of such a record, so it is processed also when nothing is left to run.
  if (invocations.length > 0 || event.applied !== undefined) return { considered, plan: { kind: 'run', invocations } };
  return { considered, plan: { kind: 'no_mapping', ...whyNothingRuns(event, source, considered) } };
}

/** What the request left to do of a record. */
function ownInvocations(
  { applied = [] }: NormalizedEvent,
  verification: VerificationStatus,
  { file, settings }: PreparedSource,
): PlannedInvocation[] {
  // A row that was posted can look like a record: it must not do more than a sync may.
  const mayDelete = file.destination?.deletes === true && (!mayBeForged(verification) || settings.deletesUnverified);
  return applied
    .filter(({ action }) => mayDelete || !factsOf(action).destructive)
    .map((own) => ({ mapping: ownMapping, ...own }));
}

function firstUnmet(conditions: Parameters<typeof unmetBecause>[0][], event: NormalizedEvent): string | undefined {
  for (const condition of conditions) {
    const unmet = unmetBecause(condition, event);
    if (unmet !== undefined) return unmet;
  }
  return undefined;
}

function whyNothingRuns(event: NormalizedEvent, source: PreparedSource, considered: ConsideredMapping[]): Ended {
  // The switch explains an identify event even if it has no mapping yet.
  if (event.eventType === 'identify' && !source.settings.identify) return { reason: 'identify_disabled' };
  const [first] = considered;
  if (first === undefined || first.verdict === 'runs') return { reason: 'no_mapping_for_type' };
  // Several mappings may not run for different reasons; the event's row names the one nearest to
  // running.
  const nearest = considered.find(({ detail }) => detail !== undefined) ?? first;
  if (nearest.verdict === 'runs' || nearest.detail === undefined) return { reason: first.verdict };
  return { reason: nearest.verdict, detail: `mapping ${nearest.mapping.id}: ${nearest.detail}` };
}
