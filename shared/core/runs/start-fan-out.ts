import type { WorkflowTarget } from '../../ports/workflow-target.ts';
import type { WorkflowHold } from '../configuration/schema.ts';
import { defined } from '../defined.ts';
import type { Entity } from '../directory/entity.ts';
import { recipientKey } from '../ids/entity-ref.ts';
import { runKey } from '../ids/run-id.ts';
import { isJsonObject, type JsonObject } from '../json/values.ts';
import type { ActionResult } from '../logs/action-result.ts';
import { continues, type Pending, runShare } from '../logs/pending.ts';
import { heldBecause, noteHeld } from './hold.ts';
import { endPending, type PlannedRun, type RunsContext, type RunsTally, startRuns } from './start-runs.ts';
import { type ObjectRef, type Place, subscriberPages } from './subscriber-pages.ts';
import type { PendingRun } from './workflow-run.ts';

/** The common part of all runs of one trigger; each adds its recipient. */
export type RunTemplate = Omit<PendingRun, 'key' | 'subscription' | 'batch'>;

export type Listed = { entity: Entity; triggerData: JsonObject };

export type FanOut = {
  template: RunTemplate;
  target: WorkflowTarget;
  /** The trigger's known recipients; absent when an earlier attempt has finished them. */
  listed: Listed[] | undefined;
  /** Keys of all named recipients, and those of them that are objects. */
  listedKeys: ReadonlySet<string>;
  objects: ObjectRef[];
  /** A recipient that gets no run as a subscriber. */
  actorKey?: string;
  /** `end`: the workflow was switched off; waiting runs are cancelled, and none begins. */
  mode: 'start' | 'end';
  /** The workflow is paused: runs are written and kept. */
  hold?: WorkflowHold | undefined;
};

/**
 * The progress of earlier attempts: the finished runs, and where to continue (absent: with the
 * listed recipients).
 */
export type RunsProgress = {
  /** With a delay all recipients are walked twice: first to write runs, then to hand them off. */
  phase: 'hold' | 'start';
  place?: Place;
  runs: number;
  cancelled: number;
  refused: number;
  refusal?: string;
  /** The number of finished runs of a page that was left half done; it shows progress. */
  settled?: number;
  /** So many of the runs are held. */
  held?: number;
  /** While runs are written that are held: where a release begins. */
  release?: Pick<RunsProgress, 'place' | 'runs' | 'cancelled' | 'refused' | 'refusal'>;
};

export function progressFrom(progress: JsonObject | undefined, isDue: boolean): RunsProgress {
  const known = isJsonObject(progress) ? (progress as Partial<RunsProgress>) : {};
  return { phase: isDue ? 'start' : 'hold', runs: 0, cancelled: 0, refused: 0, ...known };
}

// The longest that a page of 500 takes with a fast target. With less time left, it would be left
// half done.
const pageMs = 3000;

/**
 * Starts one run for each listed recipient and for each one reached through a listed object, page
 * by page, until all have theirs, time is short or the target is in trouble. Then it says where to
 * continue. Walking a page again starts no run twice: the row names the path that led to a run, and
 * the first path wins.
 */
export async function startFanOut(fanOut: FanOut, context: RunsContext): Promise<ActionResult> {
  const { template, target, objects, listedKeys, mode } = fanOut;
  const { notBeforeMs = 0 } = template;
  const isDue = notBeforeMs <= context.nowMs();
  const { settled: _settled, ...earlier }: RunsProgress = progressFrom(context.progress, isDue);
  if (mode === 'start' && earlier.phase === 'start' && !isDue) return delayed(earlier, notBeforeMs, context);
  const hold = mode === 'start' && earlier.phase === 'start' ? fanOut.hold : undefined;
  const done = hold ? holding(earlier) : begun(earlier);
  const keep = hold ? 'held' : done.phase === 'hold' ? 'delayed' : undefined;
  const now: RunsContext = { ...context, ...(keep && { keep }) };
  const begin = (planned: PlannedRun[]) =>
    mode === 'end' ? endPending(planned, 'workflow_inactive', now) : startRuns(planned, target, now);

  if (fanOut.listed) {
    const tally = await begin(
      fanOut.listed.map(({ entity, triggerData }) => plan(fanOut, context, entity, { triggerData })),
    );
    if (tally.pending) return stillOpen(tally, tally.pending, done, context.id);
    add(done, tally);
    // Listed recipients are finished from here on.
    done.place = { object: 0 };
  }
  const seen = new Set<string>();
  let pages = 0;
  if (objects.length > 0) {
    for await (const page of subscriberPages(objects, listedKeys, context.subscriptions, done.place)) {
      done.place = page.place;
      // At least one page, or an attempt that needs long to reach its place would never get beyond
      // it.
      if (pages++ > 0 && context.deadlineMs - context.nowMs() < pageMs) return goesOn(done, context.id);
      const fresh = page.subscriptions.filter(({ recipient }) => {
        const key = recipientKey(recipient);
        if (listedKeys.has(key) || key === fanOut.actorKey || seen.has(key)) return false;
        seen.add(key);
        return true;
      });
      const [entities, [object]] = await Promise.all([
        context.directory.readEach(fresh.map(({ recipient }) => recipient)),
        context.directory.readEach([page.object]),
      ]);
      const planned = fresh.flatMap((subscription, i) => {
        const entity = entities[i];
        return entity === undefined
          ? []
          : [plan(fanOut, context, entity, { subscription, ...(object && { subscribedTo: object }) })];
      });
      const tally = await begin(planned);
      if (tally.pending) return stillOpen(tally, tally.pending, done, context.id);
      add(done, tally);
    }
  }
  if (mode === 'start' && keep !== undefined && !hasNothingToBegin(fanOut, done)) {
    if (hold === undefined) return delayed(done, notBeforeMs, context);
    const progress = noted(begun(done));
    const { workflow } = template;
    if (await noteHeld({ workflow, hold, runs: done.held ?? 0 }, context)) {
      return { status: 'pending', ...heldBecause(workflow, hold), result: resultOf(done, context.id), progress };
    }
    // It was resumed while the runs were written.
    return startFanOut({ ...fanOut, hold: undefined }, { ...context, again: true, progress });
  }
  return over(done, fanOut, context);
}

/** Notes where a release will begin, when the first runs are held. */
function holding({ phase, release, ...done }: RunsProgress): RunsProgress {
  const { place, runs, cancelled, refused, refusal } = done;
  return { phase, ...done, release: release ?? defined({ place, runs, cancelled, refused, refusal }) };
}

/** From where the first run was held; without a hold, from where an earlier attempt stopped. */
function begun({ release, held: _held, ...done }: RunsProgress): RunsProgress {
  return release === undefined ? done : { phase: done.phase, ...release };
}

function plan(
  { template }: FanOut,
  { execution, mapping }: RunsContext,
  entity: Entity,
  {
    triggerData,
    subscription,
    subscribedTo,
  }: { triggerData?: JsonObject; subscription?: { object: ObjectRef; properties: JsonObject }; subscribedTo?: Entity },
): PlannedRun {
  return {
    recipient: entity,
    ...(subscribedTo && { subscribedTo }),
    run: {
      ...template,
      key: runKey(entity.ref, execution, mapping),
      ...(triggerData && { data: { ...template.data, ...triggerData } }),
      ...(subscription && { subscription: { object: subscription.object, properties: subscription.properties } }),
    },
  };
}

function add(done: RunsProgress, { handedOff, kept, cancelled, refused, refusal }: RunsTally): void {
  done.runs += handedOff + kept;
  if (done.release !== undefined) done.held = (done.held ?? 0) + kept;
  done.cancelled += cancelled;
  done.refused += refused;
  if (refusal !== undefined) done.refusal ??= refusal;
}

function resultOf({ runs, held = 0, cancelled, refused }: Omit<RunsProgress, 'phase'>, id: string): JsonObject {
  return { id, runs, ...(held > 0 && { held }), ...(refused > 0 && { refused }), ...(cancelled > 0 && { cancelled }) };
}

/** The progress for the next attempt, as JSON, without absent members. */
function noted(done: RunsProgress): JsonObject {
  return JSON.parse(JSON.stringify(done));
}

/**
 * Some runs of the page are left, because of the target or for lack of time. The page is walked
 * again.
 */
function stillOpen(tally: RunsTally, pending: Pending, done: RunsProgress, id: string): ActionResult {
  const upToHere = { ...done };
  add(upToHere, tally);
  const progress = noted({ ...done, settled: tally.all - tally.open });
  return { status: 'pending', ...pending, result: resultOf(upToHere, id), progress };
}

function goesOn(done: RunsProgress, id: string): ActionResult {
  return {
    status: 'pending',
    ...continues(`${done.runs} runs so far; more subscribers follow`),
    result: resultOf(done, id),
    progress: noted(done),
  };
}

/**
 * True when all named recipients are known and cancelled, and there can be no subscribers: the
 * trigger has no run left to begin.
 */
function hasNothingToBegin(
  { listed, listedKeys, objects }: FanOut,
  { runs, cancelled, refused }: RunsProgress,
): boolean {
  return objects.length === 0 && runs + refused === 0 && cancelled > 0 && listed?.length === listedKeys.size;
}

function delayed(done: RunsProgress, notBeforeMs: number, { id, nowMs }: RunsContext): ActionResult {
  return {
    status: 'pending',
    reason: 'delayed',
    detail: `begins at ${new Date(notBeforeMs).toISOString()}, as the workflow's delay has it`,
    retryAfterSeconds: Math.max(0, (notBeforeMs - nowMs()) / 1000),
    result: resultOf(done, id),
    progress: noted({ phase: 'start', runs: 0, cancelled: 0, refused: 0 }),
  };
}

function over(
  { runs, cancelled, refused, refusal }: RunsProgress,
  { mode, template }: FanOut,
  { id, environment }: RunsContext,
): ActionResult {
  const result = resultOf({ runs, cancelled, refused }, id);
  if (mode === 'end') {
    const detail = `workflow "${template.workflow}" is switched off in ${environment}`;
    return { status: 'failed', reason: 'workflow_inactive', detail, result };
  }
  if (refused > 0) {
    const detail = runShare(refused, runs + refused + cancelled, `refused: ${refusal ?? 'by the target'}`);
    return { status: 'failed', reason: 'target_refused', detail, result };
  }
  return { status: 'succeeded', result };
}
