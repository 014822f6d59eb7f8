import type { CancellationMark, RunState } from '../../ports/workflow-runs.ts';
import type { TargetAnswer, Unavailable, WorkflowTarget } from '../../ports/workflow-target.ts';
import { type Entity, publicView } from '../directory/entity.ts';
import { recipientKey } from '../ids/entity-ref.ts';
import { isEventBefore } from '../ids/event-id.ts';
import { printRunId, runMessageId } from '../ids/run-id.ts';
import { inParallel } from '../in-parallel.ts';
import type { JsonObject } from '../json/values.ts';
import { givenUp } from '../logs/given-up.ts';
import { continues, type Pending, runShare } from '../logs/pending.ts';
import { overRate } from '../targets/run-limiter.ts';
import { clip } from '../text.ts';
import type { ActionContext } from './action-context.ts';
import { takeBack } from './cancel-runs.ts';
import { assignBatches, batchMessageId } from './run-batches.ts';
import { runMessage } from './run-message.ts';
import type { CancelReason, PendingRun, WorkflowRun } from './workflow-run.ts';

export type PlannedRun = {
  recipient: Entity;
  run: PendingRun;
  /** The object whose subscription led to the run, if one did. */
  subscribedTo?: Entity;
};

export type RunsContext = ActionContext & {
  actor?: Entity;
  tenant?: Entity;
  settings?: JsonObject;
  /** Runs are written, but their target is not called: while a delay runs, or while they are held. */
  keep?: 'delayed' | 'held';
  /** The most runs a second that the workflow allows. */
  maxPerSecond?: number | undefined;
};

/** The state of one run after this attempt. */
type Standing =
  | { kind: 'handed_off' }
  | { kind: 'cancelled' }
  | { kind: 'refused'; detail: string }
  | Unavailable
  /** Written, but not due yet, or held. */
  | { kind: 'kept' }
  /** Another path led to it, and handles it. */
  | { kind: 'elsewhere' }
  /** Not begun: time was short, or the target is down. */
  | { kind: 'remaining' };

export type RunsTally = {
  handedOff: number;
  cancelled: number;
  refused: number;
  kept: number;
  /** The reason of one of the refused runs. */
  refusal?: string;
  /** The number of runs still to be handed off, and their total. */
  open: number;
  all: number;
  /** The reason, if any are pending. */
  pending?: Pending;
};

const runsAtOnce = 16;
// A first attempt that takes longer probably hangs, and must not delay other events. Retries have
// the full time.
const firstAttemptTimeoutMs = 3000;
// Too short to be worth a call.
const callMsMin = 500;

/**
 * Writes and hands off one run per recipient, each at most once, however often this is called:
 *
 * ```
 * no run yet ─▶ written `pending` ─▶ target called ─▶ `handed_off` | `failed`
 *                    ▲                    │ dies, or answers "later"
 *                    └── called again with the same id ◀──┘
 * ```
 *
 * A run in a later state stays unchanged, except one that failed for another origin: a replay tries
 * it again. A run whose delay is running, or that is held (`keep`), is only written.
 *
 * If the target needs no call, the run is one write, and many go in one BatchWriteItem. These
 * writes need no condition: each run is known not to exist (there was no earlier attempt, or its
 * state was just read), a twin would write the same, and `handed_off` is the last state there.
 *
 * Runs with a cancellation key are written before their marks are read, and a cancellation writes
 * its mark before it looks for runs. So one of the two always sees the other.
 * docs/protocols/retries.md.
 * @throws RetryableError when the table is throttled or away
 */
export async function startRuns(
  planned: PlannedRun[],
  target: WorkflowTarget,
  context: RunsContext,
): Promise<RunsTally> {
  const { runs, keep } = context;
  const known = context.again ? await runs.statesOf(planned.map(({ run }) => run.key)) : [];
  const [first] = planned;
  const marks = async () =>
    first?.run.cancellationKey ? runs.cancellationsOf(first.run.workflow, first.run.cancellationKey) : [];
  const standings =
    target.recordsOnly && keep === undefined && rateOf(context) === undefined
      ? await record(planned, known, await marks(), context)
      : await writeAndCall(planned, known, { target, marks }, context);
  return tallyOf(standings);
}

/** Runs whose target needs no call. */
async function record(
  planned: PlannedRun[],
  known: (RunState | undefined)[],
  marks: CancellationMark[],
  context: RunsContext,
): Promise<Standing[]> {
  const { runs } = context;
  const fresh: WorkflowRun[] = [];
  const existing: WorkflowRun[] = [];
  const standings = planned.map(({ run }, i): Standing => {
    const state = known[i];
    const settled = state && settledStanding(state, run);
    if (settled) return settled;
    if (isMarked(run, marks, context)) {
      fresh.push({ ...run, status: 'cancelled', cancelReason: 'workflows_cancel' });
      return { kind: 'cancelled' };
    }
    if (state) existing.push(run);
    else fresh.push({ ...run, status: 'handed_off', attempts: 1 });
    context.count('RunsStarted');
    return { kind: 'handed_off' };
  });
  if (fresh.length > 0) await runs.writeEach(fresh);
  await inParallel(existing, runsAtOnce, async (run) => {
    await end(run, context, { status: 'handed_off' });
  });
  return standings;
}

type Calling = { target: WorkflowTarget; marks(): Promise<CancellationMark[]> };
type Open = { item: PlannedRun; position: number; batch?: string; wasHeld: boolean };

async function writeAndCall(
  planned: PlannedRun[],
  known: (RunState | undefined)[],
  { target, marks }: Calling,
  context: RunsContext,
): Promise<Standing[]> {
  const { runs, keep, nowMs } = context;
  const written = keep === 'held' ? 'held' : 'pending';
  const standings: Standing[] = planned.map(() => ({ kind: 'remaining' }));
  const ids = planned.map(({ run }) => printRunId(run.key));
  const batches = target.startMany ? assignBatches(ids, target.batchMax ?? 1) : [];
  const open: Open[] = [];
  await inParallel(planned, runsAtOnce, async ({ run }, position) => {
    if (context.deadlineMs - nowMs() < callMsMin) return;
    const batch = batches[position];
    const state = known[position] ?? (await runs.createIfAbsent({ ...run, status: written, ...(batch && { batch }) }));
    const settled = state && settledStanding(state, run);
    if (settled) standings[position] = settled;
    else {
      // A run that was written for another type of target has no batch; it gets its own.
      const own = state === undefined ? batch : (state.batch ?? batchMessageId([ids[position] ?? '']));
      const wasHeld = state?.status === 'held';
      open.push({ item: planned[position] as PlannedRun, position, wasHeld, ...(batch && own && { batch: own }) });
      // A refusal means that it ended meanwhile; the next look at it shows how.
      if (keep === 'held' && state !== undefined && !wasHeld) await runs.hold(run.key, nowMs());
    }
  });
  const cancelled = await marks();
  const callable: Open[] = [];
  for (const one of open) {
    const { run } = one.item;
    if (isMarked(run, cancelled, context)) {
      const from = one.wasHeld || keep === 'held' ? 'held' : 'pending';
      await runs.cancel(run.key, { from, reason: 'workflows_cancel', updatedAtMs: nowMs() });
      standings[one.position] = { kind: 'cancelled' };
    } else if (keep) standings[one.position] = { kind: 'kept' };
    else callable.push(one);
  }
  const settle = (position: number, standing: Standing) => {
    standings[position] = standing;
  };
  const granted = await withinRate(callable, context, settle);
  await callEach(granted, target, context, settle);
  const { limiter } = context;
  // A breaker held them back.
  const unused = granted.filter(({ position }) => isUncalled(standings[position])).length;
  const [first] = planned;
  if (first && unused > 0 && rateOf(context) !== undefined) limiter.giveBack(first.run.workflow, unused);
  return standings;
}

/** The lower of the workflow's rate and its release's; undefined: no limit. */
function rateOf({ maxPerSecond, perSecond }: RunsContext): number | undefined {
  if (maxPerSecond === undefined || perSecond === undefined) return maxPerSecond ?? perSecond;
  return Math.min(maxPerSecond, perSecond);
}

function isUncalled(standing: Standing | undefined): boolean {
  return standing?.kind === 'remaining' || (standing?.kind === 'unavailable' && standing.isUntried === true);
}

/** The runs that may begin now, the first ones; the others have their turn later. */
async function withinRate(
  open: Open[],
  context: RunsContext,
  settle: (position: number, standing: Standing) => void,
): Promise<Open[]> {
  const perSecond = rateOf(context);
  const inOrder = open.toSorted((a, b) => a.position - b.position);
  const [first] = inOrder;
  if (perSecond === undefined || first === undefined) return open;
  const { workflow } = first.item.run;
  const wish = { perSecond, wanted: open.length, isNew: context.hadPlace !== true };
  const { granted, retryAfterSeconds } = await context.limiter.begin(workflow, wish);
  const wait = overRate(workflow, perSecond, retryAfterSeconds);
  for (const { position } of inOrder.slice(granted)) settle(position, wait);
  return inOrder.slice(0, granted);
}

/** Calls the target for the open runs, until it proves to be down or time is short. */
async function callEach(
  open: Open[],
  target: WorkflowTarget,
  context: RunsContext,
  settle: (position: number, standing: Standing) => void,
): Promise<void> {
  const { runs } = context;
  const tally = { unavailable: 0, answered: 0 };
  const inOrder = open.toSorted((a, b) => a.position - b.position);
  const calls = target.startMany
    ? [...Map.groupBy(inOrder, ({ batch }) => batch).values()]
    : inOrder.map((one) => [one]);
  await inParallel(calls, runsAtOnce, async (together) => {
    const callMs = context.deadlineMs - context.nowMs();
    if (callMs < callMsMin || isDown(tally)) return;
    const answers = await call(together, target, context, callMs);
    await inParallel(together, runsAtOnce, async ({ item, position, wasHeld }, i) => {
      const answer = answers[i] ?? {
        kind: 'unavailable',
        reason: 'target_unavailable',
        detail: 'the target gave no answer for this run',
      };
      tally[answer.kind === 'unavailable' ? 'unavailable' : 'answered']++;
      settle(position, await conclude(item.run, answer, target, context));
      // It was released, and waits for its target now.
      if (wasHeld && answer.kind === 'unavailable') await runs.unhold(item.run.key, context.nowMs());
    });
  });
}

/**
 * A target that mostly fails is not called for all of a thousand recipients; they wait for the
 * retry.
 */
function isDown({ unavailable, answered }: { unavailable: number; answered: number }): boolean {
  return unavailable >= 8 && unavailable > answered;
}

async function call(
  together: Open[],
  target: WorkflowTarget,
  context: RunsContext,
  callMs: number,
): Promise<TargetAnswer[]> {
  context.count('TargetCalls');
  const timeoutMs = Math.min(
    callMs,
    target.timeoutMs,
    context.again ? Number.POSITIVE_INFINITY : firstAttemptTimeoutMs,
  );
  const requests = together.map(({ item: { run, recipient, subscribedTo } }) => ({
    messageId: runMessageId(printRunId(run.key)),
    message: runMessage(run, {
      ...context,
      recipient,
      ...(subscribedTo && { subscribedTo: publicView(subscribedTo) }),
    }),
    timeoutMs,
  }));
  const batch = together[0]?.batch;
  if (target.startMany && batch !== undefined) return target.startMany(requests, { messageId: batch, timeoutMs });
  return Promise.all(requests.map((request) => target.start(request)));
}

async function conclude(
  run: WorkflowRun,
  answer: TargetAnswer,
  target: WorkflowTarget,
  context: RunsContext,
): Promise<Standing> {
  if (answer.kind === 'accepted') {
    const ended = await end(run, context, {
      status: 'handed_off',
      ...reference(answer),
      ...(target.cancel && run.cancellationKey && { isCancellable: true }),
    });
    context.count('RunsStarted');
    // It was cancelled while its target was taking it, so the target must be told.
    const [state] = ended ? [] : await context.runs.statesOf([run.key]);
    if (state?.status !== 'cancelled') return { kind: 'handed_off' };
    const cancelled = await takeBack(run, 'workflows_cancel', context);
    return cancelled.kind === 'unavailable' ? cancelled : { kind: 'cancelled' };
  }
  // Its own limit: the target was not called.
  if (answer.kind === 'unavailable' && answer.reason === 'rate_limited') return answer;
  context.count('TargetFailures');
  if (answer.kind === 'refused') {
    await end(run, context, { status: 'failed', error: clip(answer.detail), ...reference(answer) });
  } else if (context.isLastAttempt) {
    await end(run, context, {
      status: 'failed',
      error: clip(`${givenUp(answer.isUntried ? context.attempt - 1 : context.attempt)}: ${answer.detail}`),
    });
  }
  return answer;
}

function settledStanding(state: RunState, run: WorkflowRun): Standing | undefined {
  if (state.subscribedTo !== (run.subscription && recipientKey(run.subscription.object))) return { kind: 'elsewhere' };
  const { status, origin, error } = state;
  if (status === 'handed_off' || status === 'cancelled') return { kind: status };
  if (status === 'failed' && origin === run.origin) return { kind: 'refused', detail: error ?? 'refused earlier' };
  return undefined;
}

/** Whether a later event than this run's event has cancelled it. */
function isMarked(run: WorkflowRun, marks: CancellationMark[], { event }: RunsContext): boolean {
  return marks.some(
    ({ recipient, beforeMs, beforeId }) =>
      (event.receivedAtMs < beforeMs || (beforeId !== undefined && isEventBefore(event.id, beforeId))) &&
      (recipient === undefined || recipient === recipientKey(run.key.recipient)),
  );
}

type Ending =
  | { status: 'handed_off'; targetReference?: JsonObject; isCancellable?: boolean }
  | { status: 'failed'; targetReference?: JsonObject; error: string };

function end(run: WorkflowRun, context: RunsContext, ending: Ending): Promise<boolean> {
  return context.runs.end(run.key, {
    ...ending,
    origin: run.origin,
    attempts: context.attempt,
    updatedAtMs: context.nowMs(),
  });
}

function reference({ reference }: { reference?: JsonObject }) {
  return reference === undefined ? {} : { targetReference: reference };
}

/** Cancels waiting runs, because their workflow is switched off. */
export async function endPending(
  planned: PlannedRun[],
  reason: CancelReason,
  { runs, nowMs }: RunsContext,
): Promise<RunsTally> {
  const states = await runs.statesOf(planned.map(({ run }) => run.key));
  const standings: Standing[] = planned.map(() => ({ kind: 'elsewhere' }));
  await inParallel(planned, runsAtOnce, async ({ run }, i) => {
    const state = states[i];
    if (state === undefined) return;
    const settled = settledStanding(state, run);
    if (settled) standings[i] = settled;
    else if (await runs.cancel(run.key, { from: state.status, reason, updatedAtMs: nowMs() })) {
      standings[i] = { kind: 'cancelled' };
    }
  });
  return tallyOf(standings);
}

function tallyOf(standings: Standing[]): RunsTally {
  const of = <Kind extends Standing['kind']>(kind: Kind) =>
    standings.filter((standing): standing is Extract<Standing, { kind: Kind }> => standing.kind === kind);
  const refused = of('refused');
  const unavailable = of('unavailable');
  const open = unavailable.length + of('remaining').length;
  const all = standings.length;
  return {
    handedOff: of('handed_off').length,
    cancelled: of('cancelled').length,
    refused: refused.length,
    kept: of('kept').length,
    ...(refused[0] && { refusal: refused[0].detail }),
    open,
    all,
    ...(open > 0 && { pending: pendingOf(unavailable, { open, all }) }),
  };
}

/**
 * Why the open runs wait: for a target in trouble, as long as it asked at most, else for more time.
 */
function pendingOf(unavailable: Unavailable[], { open, all }: { open: number; all: number }): Pending {
  // A call's answer says more than a breaker's.
  const trouble = unavailable.find(({ isUntried }) => !isUntried) ?? unavailable[0];
  if (trouble === undefined) {
    return continues(runShare(open, all, 'are left for the next attempt: time was short'));
  }
  const { kind: _unavailable, detail, ...pending } = trouble;
  // One that was called says when to come back, not one that waits for its turn.
  const asked = unavailable
    .filter(({ reason }) => reason !== 'rate_limited' || trouble.reason === 'rate_limited')
    .flatMap(({ retryAfterSeconds }) => retryAfterSeconds ?? []);
  return {
    ...pending,
    detail: runShare(open, all, `${all === 1 ? 'waits' : 'wait'}: ${detail}`),
    ...(asked.length > 0 && { retryAfterSeconds: Math.max(...asked) }),
  };
}
