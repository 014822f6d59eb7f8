import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { readVersion } from '../../adapters/dynamodb-configuration-history.ts';
import { sameJson } from '../../core/json/values.ts';
import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { outcomeOf } from '../../core/rehearsal/compare-dry-runs.ts';
import type { DryRun, DryRunMapping } from '../../core/rehearsal/dry-run.ts';
import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvents } from '../events/events.ts';
import { rawEventOf } from '../events/recompute.ts';
import { chunksOf } from '../jobs/carry-on.ts';
import { type Candidate, draftCandidate } from '../mappings/candidate.ts';
import { addTo, type ChangeGroup, sortedGroups } from '../mappings/compare-last.ts';
import { readPushedDraft } from '../mappings/pushed-draft.ts';
import { testEvent } from '../mappings/test-event.ts';
import { notFound } from '../refusal.ts';
import { readSources } from '../sources/known-sources.ts';

/** Compared with what happened to an event, in the order in which groups are shown. */
export const effects = [
  /** The mapping would run, and has not run for the event. */
  'new',
  /** It failed for good, or was skipped, and would run. */
  'again',
  /** It ran, and would not run: what it did stays. */
  'no_longer',
  /** It is done, with other parameters than it would have. */
  'done_otherwise',
  /** It waits for its next try, which keeps its parameters. */
  'waits',
  'done',
  /** It would not run, and did not: with the reason. */
  'not_run',
  /** The whole event: rejected, unmapped, a copy, or not readable. */
  'event_ends',
] as const;

/** Events and mappings for which the same thing would happen. */
export type EffectGroup = {
  effect: (typeof effects)[number];
  /** Null: it is about the whole event. */
  mapping: string | null;
  /** What happened before, or why it would not run. */
  detail: string | null;
  count: number;
  /** A few of the events, oldest first. */
  examples: string[];
};

/** `--json` of `replay --configuration`. */
export type UnderConfiguration = {
  /** `draft`, or `configuration 12`. */
  configuration: string;
  matching: number;
  looked_at: number;
  /** Compared with what happened. */
  effects: EffectGroup[];
  /** Events that end otherwise than under the live configuration. */
  differ_from_live: number;
  changes: ChangeGroup[];
};

const examplesMax = 3;

/**
 * The configuration that is asked for.
 * @throws Refusal when there is no draft, or no such version
 */
async function candidateOf(environment: Environment, wanted: 'draft' | number): Promise<Candidate> {
  if (wanted === 'draft')
    return draftCandidate(environment, await readLive(environment.configuration), readPushedDraft);
  const configuration = await readVersion(environment.configuration, wanted);
  if (configuration === undefined)
    throw notFound(`there is no configuration ${wanted} in ${environment.name}`, 'npx signalbox config log lists them');
  return { configuration, name: `configuration ${wanted}` };
}

/**
 * What would become of these events under a configuration that is not live, compared with what
 * happened and with the live one. Nothing is sent: a configuration runs once it is live.
 * @param events oldest first
 */
export async function lookUnder(
  environment: Environment,
  wanted: 'draft' | number,
  events: string[],
  { nowMs, lookedAtMax = 1_000 }: { nowMs: number; lookedAtMax?: number },
): Promise<UnderConfiguration> {
  const [candidate, { known, live }] = await Promise.all([candidateOf(environment, wanted), readSources(environment)]);
  const groups = new Map<string, EffectGroup>();
  const changed = new Map<string, ChangeGroup>();
  const under = { live, draft: candidate.configuration, environment: environment.name, nowMs };
  let lookedAt = 0;
  let differ = 0;
  for (const chunk of chunksOf(events.slice(0, lookedAtMax), { chunkSize: 100 })) {
    const entries = await readEvents(eventLogOf(environment), chunk, known);
    const logs = await readActionLogs(actionLogOf(environment), [...entries.values()]);
    for (const id of chunk) {
      lookedAt++;
      const entry = entries.get(id);
      const log = logs.get(entry?.execution ?? '');
      const { effects: found, changes } = await effectsOn(entry, log, under);
      for (const effect of found) group(groups, effect, id);
      for (const change of changes) addTo(changed, change, id);
      if (changes.length > 0) differ++;
    }
  }
  const order = ({ effect }: EffectGroup) => effects.indexOf(effect);
  return {
    configuration: candidate.name,
    matching: events.length,
    looked_at: lookedAt,
    effects: [...groups.values()].sort((a, b) => order(a) - order(b) || b.count - a.count),
    differ_from_live: differ,
    changes: sortedGroups(changed),
  };
}

type Effect = Pick<EffectGroup, 'effect' | 'mapping' | 'detail'>;

function group(groups: Map<string, EffectGroup>, effect: Effect, eventId: string): void {
  const name = JSON.stringify([effect.effect, effect.mapping, effect.detail]);
  const known = groups.get(name) ?? { ...effect, count: 0, examples: [] };
  known.count++;
  if (known.examples.length < examplesMax) known.examples.push(eventId);
  groups.set(name, known);
}

type Tested = Awaited<ReturnType<typeof testEvent>>;

async function effectsOn(
  entry: EventLogEntry | undefined,
  log: ActionLogEntry | undefined,
  under: Parameters<typeof testEvent>[1],
): Promise<{ effects: Effect[]; changes: Tested['changes'] }> {
  const ends = (detail: string) => ({
    effects: [{ effect: 'event_ends', mapping: null, detail } as const],
    changes: [],
  });
  if (entry === undefined) return ends('its row has aged out');
  if (entry.erasedAtMs !== undefined) return ends('its person was erased, and with them what it said');
  if (entry.status === 'idempotent') return ends('is a copy, whose original counts');
  let tested: Tested;
  try {
    tested = await testEvent(rawEventOf(entry), under);
  } catch {
    return ends('its stored event cannot be read');
  }
  const { draft, changes } = tested;
  if (draft === undefined) return { effects: [], changes };
  const { plan } = draft.planned;
  const whole: Effect[] =
    plan.kind === 'run' ? [] : [{ effect: 'event_ends', mapping: null, detail: `${plan.kind}: ${plan.reason}` }];
  return { effects: [...whole, ...mappingEffects(draft, log)], changes };
}

function mappingEffects(draft: DryRun, log: ActionLogEntry | undefined): Effect[] {
  const before = new Map((log?.actions ?? []).map((action) => [action.mapping, action]));
  const would = new Map(draft.mappings.map((one) => [one.mapping.id, one]));
  return [...new Set([...would.keys(), ...before.keys()])].map((mapping) => ({
    mapping,
    ...effectOf(would.get(mapping), before.get(mapping)),
  }));
}

function effectOf(would: DryRunMapping | undefined, before: ActionOutcome | undefined): Omit<Effect, 'mapping'> {
  const outcome = outcomeOf(would);
  if (outcome !== 'runs') {
    if (before === undefined) return { effect: 'not_run', detail: outcome };
    return { effect: 'no_longer', detail: `${statusText(before)} before; ${outcome}` };
  }
  if (before === undefined) return { effect: 'new', detail: null };
  if (before.status === 'pending') return { effect: 'waits', detail: before.reason ?? null };
  if (before.status !== 'succeeded') return { effect: 'again', detail: `${statusText(before)} before` };
  const others = would === undefined ? [] : otherParameters(would, before);
  return others.length === 0
    ? { effect: 'done', detail: null }
    : { effect: 'done_otherwise', detail: `other ${others.join(', ')}` };
}

const statusText = ({ status, reason }: ActionOutcome) => (reason === undefined ? status : `${status} (${reason})`);

/** Names of parameters that resolve otherwise than they were stored. */
function otherParameters({ parameters }: DryRunMapping, { payload }: ActionOutcome): string[] {
  return parameters.flatMap(({ name, value }) =>
    value === undefined || !(name in payload) || sameJson(value, payload[name]) ? [] : [name],
  );
}
