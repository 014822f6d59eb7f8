import { beforeAll, describe, expect, test } from '@jest/globals';
import { makeTargetGuard } from '../../shared/core/targets/guard-target.ts';
import type { OpenTarget, TargetAnswer, WorkflowTarget } from '../../shared/ports/workflow-target.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { liveConfiguration } from '../support/build.ts';
import { makeFakeTargetBreakers } from '../support/fake-target-breakers.ts';
import { contextNowMs, identify } from '../support/fakes-workflow-trigger.ts';
import { makeRandom } from '../support/random.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

const minutes = (count: number) => count * 60_000;
const fullTimeoutMs = 5000;

type Phase = { name: string; endsAtMs: number; answerAfterMs: number; answer: TargetAnswer };

/** What the bad target goes through, from the start of the story. */
const phases: Phase[] = [
  {
    name: 'down',
    endsAtMs: minutes(5),
    answerAfterMs: 5,
    answer: { kind: 'unavailable', reason: 'target_unavailable', detail: 'answered 503' },
  },
  { name: 'hanging', endsAtMs: minutes(10), answerAfterMs: Number.POSITIVE_INFINITY, answer: { kind: 'accepted' } },
  // Slower than first attempts wait, faster than the target's own timeout.
  { name: 'slow', endsAtMs: minutes(15), answerAfterMs: 4000, answer: { kind: 'accepted' } },
  {
    name: 'busy',
    endsAtMs: minutes(18),
    answerAfterMs: 5,
    answer: { kind: 'unavailable', reason: 'target_busy', detail: 'answered 429', retryAfterSeconds: 30 },
  },
  { name: 'well', endsAtMs: Number.POSITIVE_INFINITY, answerAfterMs: 20, answer: { kind: 'accepted' } },
];

const eventsFor = minutes(20);
const eventEveryMs = 1000;
const handlersAtOnce = 5;
const executionLength = 26;

/**
 * Twenty simulated minutes of events for two workflows, one of whose targets is in trouble. The real engine runs on
 * in-memory ports; five handlers share the queue, and each is busy for as long as the slowest call of its batch takes.
 */
async function tellStory({ guarded }: { guarded: boolean }) {
  const trigger = makeTrigger();
  const { clock, directory, actionsQueue } = trigger;
  const random = makeRandom(7);
  await identify(directory, { id: 'lena' });
  const configuration = liveConfiguration({
    workflows: {
      bad: { name: 'Bad', target: { development: { type: 'http', url: 'https://bad.example/' } } },
      good: { name: 'Good', target: { development: { type: 'http', url: 'https://good.example/' } } },
    },
  });

  const calls: Record<string, number> = {};
  let batchMs = 0;
  /** How often each target has begun a run, under one message id: it ignores an id that it knows. */
  const begun = { bad: new Map<string, number>(), good: new Map<string, number>() };
  /** By execution, whose id a run's id begins with. */
  const handedOffAtMs = new Map<string, number>();
  const targetOf = (workflow: 'bad' | 'good'): WorkflowTarget => ({
    recordsOnly: false,
    timeoutMs: fullTimeoutMs,
    async start({ messageId, timeoutMs, message }) {
      const well = phases.at(-1) as Phase;
      const atMs = clock.nowMs - contextNowMs;
      const phase = workflow === 'bad' ? (phases.find(({ endsAtMs }) => atMs < endsAtMs) ?? well) : well;
      if (workflow === 'bad') calls[phase.name] = (calls[phase.name] ?? 0) + 1;
      batchMs = Math.max(batchMs, Math.min(phase.answerAfterMs, timeoutMs));
      // A slow target has begun the run all the same, although nobody waited for its answer.
      if (phase.answer.kind === 'accepted' && Number.isFinite(phase.answerAfterMs)) {
        begun[workflow].set(messageId, (begun[workflow].get(messageId) ?? 0) + 1);
      }
      if (phase.answerAfterMs > timeoutMs) {
        return { kind: 'unavailable', reason: 'target_timeout', detail: `no answer within ${timeoutMs} ms` };
      }
      if (phase.answer.kind === 'accepted')
        handedOffAtMs.set(String(message.data.id).slice(0, executionLength), clock.nowMs);
      return phase.answer;
    },
  });
  const breakers = makeFakeTargetBreakers();
  // Each handler is a process with a breaker state of its own.
  const openers: OpenTarget[] = Array.from({ length: handlersAtOnce }, () => {
    const guard = makeTargetGuard(breakers, () => clock.nowMs);
    return (workflow) => {
      const target = targetOf(workflow as 'bad' | 'good');
      return guarded ? guard(workflow, target) : target;
    };
  });

  type Due = { atMs: number; message: (typeof actionsQueue.sent)[number] };
  const queue: Due[] = [];
  const executions: { execution: string; workflow: 'bad' | 'good'; atMs: number }[] = [];
  for (let i = 0; i * eventEveryMs < eventsFor; i++) {
    for (const workflow of ['bad', 'good'] as const) {
      const atMs = contextNowMs + i * eventEveryMs;
      const execution = `01KAJ6VY00${workflow === 'bad' ? 'B' : 'G'}${String(i).padStart(15, '0')}`;
      const trigger = invocation('workflows_trigger', 'order', { key: workflow, recipients: 'lena' }, execution);
      const message = actionsMessage({ execution, firstSentAtMs: atMs, invocations: [trigger] });
      queue.push({ atMs, message });
      executions.push({ execution, workflow, atMs });
    }
  }

  let handedBack = 0;
  const freeAtMs = Array<number>(handlersAtOnce).fill(0);
  while (queue.length > 0) {
    queue.sort((a, b) => a.atMs - b.atMs);
    const handler = freeAtMs.indexOf(Math.min(...freeAtMs));
    clock.nowMs = Math.max(queue[0]?.atMs ?? 0, freeAtMs[handler] ?? 0);
    let due = queue.findIndex(({ atMs }) => atMs > clock.nowMs);
    due = due < 0 ? queue.length : due;
    const batch = queue.splice(0, Math.min(10, due));
    batchMs = 0;
    handedBack += await trigger.deliver(
      batch.map(({ message }) => message),
      {
        random,
        openTarget: openers[handler] as OpenTarget,
        configuration: { current: async () => configuration, reload: async () => configuration },
      },
    );
    const endsAtMs = clock.nowMs + batchMs;
    freeAtMs[handler] = endsAtMs;
    for (const message of actionsQueue.sent.splice(0)) {
      queue.push({ atMs: endsAtMs + (message.delaySeconds ?? 0) * 1000, message });
    }
  }

  const started = new Set([...trigger.runs.runs.values()].map(({ key }) => key.execution));
  const latencies = executions
    .filter(({ workflow }) => workflow === 'good')
    .map(({ execution, atMs }) => {
      const endsAtMs = started.has(execution) ? handedOffAtMs.get(execution) : undefined;
      return (endsAtMs ?? Number.POSITIVE_INFINITY) - atMs;
    });
  return { trigger, breakers, executions, begun, calls, handedBack, latencies, endedAtMs: clock.nowMs };
}

type Story = Awaited<ReturnType<typeof tellStory>>;
const numberOfEvents = eventsFor / eventEveryMs;

let story: Story;
beforeAll(async () => {
  story = await tellStory({ guarded: true });
});

describe('a target that is down, then hangs, then is slow, then busy', () => {
  test('F28 F35 loses nothing: every action has succeeded in the end, and no message ever came back', () => {
    expect(story.handedBack).toBe(0);
    expect(story.executions).toHaveLength(2 * numberOfEvents);
    for (const { execution } of story.executions)
      expect(story.trigger.outcomes(execution)).toEqual({ order: 'succeeded' });
  });

  test('F36 is asked for each run under one id, so that none is begun twice', () => {
    expect(story.begun.bad.size).toBe(numberOfEvents);
    expect(story.begun.good.size).toBe(numberOfEvents);
    expect([...story.begun.good.values()].every((count) => count === 1)).toBe(true);
    const runs = [...story.trigger.runs.runs.values()];
    expect(runs).toHaveLength(2 * numberOfEvents);
    expect(runs.every(({ status }) => status === 'handed_off')).toBe(true);
  });

  test('does not hold up another target: its runs leave at once, but while slow calls of the backlog fill all handlers', () => {
    const slowFrom = minutes(10) / eventEveryMs;
    const slowUntil = minutes(15) / eventEveryMs;
    const during = story.latencies.slice(slowFrom, slowUntil);
    expect(Math.max(...story.latencies.toSpliced(slowFrom, slowUntil - slowFrom))).toBeLessThan(500);
    // What was held back comes within minutes of the breaker's closing, and each of its calls takes four seconds. A handler
    // waits for the slowest call of its batch; only a longer spread of the backlog would leave more handlers free.
    expect(Math.max(...during)).toBeLessThan(2 * fullTimeoutMs);
    expect(during.filter((latencyMs) => latencyMs > 500).length).toBeLessThan(during.length / 4);
  });

  test('is hardly called while it does not answer, and the breaker is written on transitions only', () => {
    // Five minutes of 503: each process finds out for itself at first, then one probe at a time.
    expect(story.calls.down).toBeLessThan(100);
    expect(story.calls.hanging).toBeLessThan(20);
    expect(story.breakers.writes).toBeLessThan(150);
    expect(story.breakers.stored.get('bad')?.isOpen).toBe(false);
    expect(story.breakers.stored.has('good')).toBe(false);
  });

  test('is done within minutes after it is well: what a breaker held back comes at its probes', () => {
    expect(story.endedAtMs - contextNowMs - minutes(20)).toBeLessThan(minutes(5));
  });
});

test('without the breaker it would be called many times as often', async () => {
  const bare = await tellStory({ guarded: false });
  const troubled = ({ calls }: Story) => (calls.down ?? 0) + (calls.hanging ?? 0) + (calls.busy ?? 0);
  expect(troubled(bare)).toBeGreaterThan(10 * troubled(story));
});
