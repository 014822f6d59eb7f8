import { validKey } from '../../core/ids/claim-key.ts';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import type { JsonObject } from '../../core/json/values.ts';
import type { DryRunChange } from '../../core/rehearsal/compare-dry-runs.ts';
import type { DryRun, DryRunMapping } from '../../core/rehearsal/dry-run.ts';
import { type ConsideredRow, conditionRow, parameterRow } from '../events/event-row.ts';
import { iso } from '../words/iso.ts';

/* Rows of `mapping test --json`; fields are added, never renamed or removed. */

/** A mapping of the event's type, what stops it, and otherwise what its action would do. */
export type DryRunMappingRow = Omit<ConsideredRow, 'verdict'> & {
  verdict: DryRunMapping['verdict'];
  /**
   * Null for a mapping that does not run. `runs`: its action would start; the answers of tables and
   * targets are not known.
   */
  outcome: {
    status: 'runs' | 'skipped' | 'failed';
    reason: string | null;
    detail: string | null;
    errors: { field: string; message: string }[];
  } | null;
};

/** The outcome of one event under one configuration. */
export type DryRunRow = {
  type: string | null;
  user_id: string | null;
  key: {
    /** Null: the event has none. Text of more than 100 characters is cut. */
    value: string | null;
    /** False: the event would run without protection against copies. */
    valid: boolean;
    /** Whether copies are checked at all. */
    checked: boolean;
  };
  occurred_at: string | null;
  data: JsonObject | null;
  preprocess: JsonObject | null;
  /** `processed`: at least one action would be sent on. */
  status: 'processed' | 'no_mapping' | 'rejected';
  reason: string | null;
  detail: string | null;
  mappings: DryRunMappingRow[];
};

export type DryRunChangeRow = {
  kind: DryRunChange['kind'];
  mapping: string | null;
  parameters: string[];
  before: string;
  after: string;
};

/** One event under the live configuration and, if requested, under a draft. */
export type MappingTestRow = {
  /** The id of a stored event; null for a payload. */
  event_id: string | null;
  source: string;
  received_at: string;
  /** Position among the events of one payload. */
  batch_index: number | null;
  config_version: number;
  live: DryRunRow;
  draft: DryRunRow | null;
  changes: DryRunChangeRow[];
};

export type TestedEvent = { live: DryRun; draft: DryRun | undefined; changes: DryRunChange[] };

export function mappingTestRow({ live, draft, changes }: TestedEvent, isStored: boolean): MappingTestRow {
  const { raw, configVersion } = live.planned;
  return {
    event_id: isStored ? raw.id : null,
    source: raw.source,
    received_at: iso(eventIdTimeMs(raw.id)),
    batch_index: raw.batchIndex ?? null,
    config_version: configVersion,
    live: dryRunRow(live),
    draft: draft === undefined ? null : dryRunRow(draft),
    changes: changes.map(changeRow),
  };
}

export function changeRow({ kind, mapping, parameters, before, after }: DryRunChange): DryRunChangeRow {
  return { kind, mapping: mapping ?? null, parameters: parameters ?? [], before, after };
}

export function dryRunRow({ planned, checksCopies, mappings }: DryRun): DryRunRow {
  const { event, key, plan } = planned;
  const ended = plan.kind === 'run' ? undefined : plan;
  return {
    type: event?.eventType ?? null,
    user_id: event?.userId ?? null,
    key: keyRow(event?.keyCandidate, key, checksCopies),
    occurred_at: event === undefined ? null : iso(event.occurredAtMs),
    data: event?.data ?? null,
    preprocess: event?.preprocess ?? null,
    status: plan.kind === 'run' ? 'processed' : plan.kind,
    reason: ended?.reason ?? null,
    detail: ended?.detail ?? null,
    mappings: mappings.map(dryRunMappingRow),
  };
}

type KeyCandidate = NonNullable<DryRun['planned']['event']>['keyCandidate'];

function keyRow(candidate: KeyCandidate, key: string | undefined, checked: boolean): DryRunRow['key'] {
  if (candidate === undefined) return { value: null, valid: false, checked };
  const text = typeof candidate === 'string' ? candidate : JSON.stringify(candidate);
  const value = text.length > 100 ? `${text.slice(0, 99)}…` : text;
  return { value, valid: checked ? key !== undefined : validKey(candidate) !== undefined, checked };
}

function dryRunMappingRow({
  mapping,
  verdict,
  detail,
  conditions,
  parameters,
  action,
}: DryRunMapping): DryRunMappingRow {
  return {
    mapping: mapping.id,
    action: mapping.action,
    verdict,
    detail: detail ?? null,
    conditions: conditions.map(conditionRow),
    parameters: parameters.map(parameterRow),
    outcome: action === undefined ? null : outcomeRow(action),
  };
}

function outcomeRow(action: NonNullable<DryRunMapping['action']>): NonNullable<DryRunMappingRow['outcome']> {
  if (action.status === 'runs') return { status: 'runs', reason: null, detail: null, errors: [] };
  const { status, reason, detail, errors } = action;
  return { status, reason, detail: detail ?? null, errors };
}
