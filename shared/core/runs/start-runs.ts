import type { RunState } from '../../ports/workflow-runs.ts';
import type { TargetAnswer, WorkflowTarget } from '../../ports/workflow-target.ts';
import type { ActionContext, ActionResult } from '../actions/action.ts';
import type { Entity } from '../directory/entity.ts';
import { inParallel } from '../in-parallel.ts';
import type { JsonObject } from '../json.ts';
import { printRunId, runMessageId } from './run-id.ts';
import { runMessage } from './run-message.ts';
import type { WorkflowRun } from './workflow-run.ts';

export type PlannedRun = { recipient: Entity; run: WorkflowRun };

export type RunsContext = ActionContext & { actor?: Entity; tenant?: Entity; settings?: JsonObject };

/** How one run stands after this attempt. */
type Standing =
  | { kind: 'handed_off' }
  | { kind: 'cancelled' }
  | { kind: 'refused'; detail: string }
  | Extract<TargetAnswer, { kind: 'unavailable' }>
  /** Not begun: time was short, or the target has shown that it is down. */
  | { kind: 'remaining' };

const runsAtOnce = 16;
// A first attempt that takes longer is likely to hang; it must not hold up other events. Retries have the full time.
const firstAttemptTimeoutMs = 3000;
// Too short to be worth a call.
const callMsMin = 500;

/**
 * Writes and hands off one run per recipient, each at most once however often this is called:
 *
 * ```
 * no run yet ─▶ written `pending` ─▶ target called ─▶ `handed_off` | `failed`
 *                    ▲                    │ dies, or answers "later"
 *                    └── called again with the same id ◀──┘
 * ```
 *
 * A run that exists in a later state is left alone, but for one that failed for another origin: a replay asks again.
 * Where there is nobody to call, the run is one write. docs/architecture.md, "Actions and retries".
 * @throws RetryableError when the table is throttled or away
 */
export async function startRuns(
  planned: PlannedRun[],
  target: WorkflowTarget,
  context: RunsContext,
): Promise<ActionResult> {
  const states: (RunState | undefined)[] = context.again
    ? await context.runs.statesOf(planned.map(({ run }) => run.key))
    : [];
  const standings: Standing[] = planned.map(() => ({ kind: 'remaining' }));
  const tally = { unavailable: 0, answered: 0 };
  await inParallel(planned, runsAtOnce, async (item, i) => {
    const callMs = context.deadlineMs - context.nowMs();
    if (callMs < callMsMin || isDown(tally)) return;
    const standing = await startRun(item, states[i], target, context, callMs);
    tally[standing.kind === 'unavailable' ? 'unavailable' : 'answered']++;
    standings[i] = standing;
  });
  return summarize(standings, context.id);
}

/** A target that mostly fails is not called for every one of a thousand recipients; they wait for the retry. */
function isDown({ unavailable, answered }: { unavailable: number; answered: number }): boolean {
  return unavailable >= 8 && unavailable > answered;
}

async function startRun(
  { run, recipient }: PlannedRun,
  known: RunState | undefined,
  target: WorkflowTarget,
  context: RunsContext,
  callMs: number,
): Promise<Standing> {
  const { runs } = context;
  const existing =
    known ?? (await runs.createIfAbsent(target.recordsOnly ? { ...run, status: 'handed_off', attempts: 1 } : run));
  const settled = existing && settledStanding(existing, run.origin);
  if (settled) return settled;
  if (target.recordsOnly) {
    if (existing) await end(run, context, { status: 'handed_off' });
    context.count('RunsStarted');
    return { kind: 'handed_off' };
  }

  context.count('TargetCalls');
  const answer = await target.start({
    messageId: runMessageId(printRunId(run.key)),
    message: runMessage(run, { ...context, recipient }),
    timeoutMs: Math.min(
      callMs,
      target.timeoutMs,
      context.attempt === 1 ? firstAttemptTimeoutMs : Number.POSITIVE_INFINITY,
    ),
  });
  if (answer.kind === 'accepted') {
    await end(run, context, { status: 'handed_off', ...reference(answer) });
    context.count('RunsStarted');
    return { kind: 'handed_off' };
  }
  context.count('TargetFailures');
  if (answer.kind === 'refused') {
    await end(run, context, { status: 'failed', error: answer.detail, ...reference(answer) });
  } else if (context.isLastAttempt) {
    await end(run, context, {
      status: 'failed',
      error: `given up after ${context.attempt} attempts: ${answer.detail}`,
    });
  }
  return answer;
}

function settledStanding({ status, origin, error }: RunState, askingOrigin: string): Standing | undefined {
  if (status === 'handed_off' || status === 'cancelled') return { kind: status };
  if (status === 'failed' && origin === askingOrigin) return { kind: 'refused', detail: error ?? 'refused earlier' };
  return undefined;
}

type Ending = { status: 'handed_off' | 'failed'; error?: string; targetReference?: JsonObject };

function end(run: WorkflowRun, context: RunsContext, ending: Ending): Promise<void> {
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

function summarize(standings: Standing[], workflowRunId: string): ActionResult {
  const of = <Kind extends Standing['kind']>(kind: Kind) =>
    standings.filter((standing): standing is Extract<Standing, { kind: Kind }> => standing.kind === kind);
  const [handedOff, refused, unavailable, remaining] = [
    of('handed_off'),
    of('refused'),
    of('unavailable'),
    of('remaining'),
  ];
  const result = {
    id: workflowRunId,
    runs: handedOff.length,
    ...(refused.length > 0 && { refused: refused.length }),
    ...(of('cancelled').length > 0 && { cancelled: of('cancelled').length }),
  };
  const [trouble] = unavailable;
  if (trouble) {
    const asked = unavailable.flatMap(({ retryAfterSeconds }) => retryAfterSeconds ?? []);
    return {
      status: 'pending',
      reason: trouble.reason,
      detail: share(unavailable.length + remaining.length, standings.length, `wait: ${trouble.detail}`),
      ...(asked.length > 0 && { retryAfterSeconds: Math.max(...asked) }),
      result,
    };
  }
  if (remaining.length > 0) {
    const detail = share(remaining.length, standings.length, 'are left for the next attempt: time was short');
    return { status: 'pending', reason: 'recipients_remaining', detail, retryAfterSeconds: 0, result };
  }
  const [refusal] = refused;
  if (refusal) {
    const detail = share(refused.length, standings.length, `refused: ${refusal.detail}`);
    return { status: 'failed', reason: 'target_refused', detail, result };
  }
  return { status: 'succeeded', result };
}

function share(count: number, all: number, what: string): string {
  return `${count} of ${all} ${all === 1 ? 'run' : 'runs'} ${what}`;
}
