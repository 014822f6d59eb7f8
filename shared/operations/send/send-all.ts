import { randomUUID } from 'node:crypto';
import type { Verifier } from '../../core/signatures/verifier.ts';
import type { Sample } from '../../core/sources/guide.ts';
import { on } from '../doctor/finding.ts';
import type { Environment } from '../environment.ts';
import { countRunsByExecution } from '../runs/runs.ts';
import { type Follower, followEvents, type WaitingEvent } from './follow.ts';
import { outcomesOf, type SendOutcome, waitsForOperator } from './outcomes.ts';
import type { SamplePlan } from './plan-samples.ts';
import { forEachPaced, postEvent } from './post.ts';
import { type Proven, prove, type SendMode } from './prove.ts';
import { checkRuns, countFinal, messageIds, type SendSummary } from './summary.ts';

export type Outgoing =
  | { kind: 'samples'; plan: SamplePlan; count: number }
  | { kind: 'files'; bodies: { name: string; body: Uint8Array<ArrayBuffer> }[]; count: number };

export type SendOrder = {
  source: string;
  url: string;
  /** Headers that the vendor sets on every post. */
  headers: Record<string, string>;
  verifier: Verifier;
  /** Absent: requests carry no proof. */
  secret?: string;
  mode: SendMode;
  outgoing: Outgoing;
  concurrency: number;
  perSecond?: number;
  /** Whether to follow the events to their end. */
  wait: boolean;
};

/** Called while a `send` runs: how many events were accepted, and how many are final. */
export type SendProgress = {
  accepted(count: number): void;
  /** An answer that usually passes: the request is sent again for some seconds. */
  tryingAgain(status: number, problem: string): void;
  final(count: number): void;
  /** What is waited for, after some seconds without a step; each reason once. */
  waiting(outcomes: SendOutcome[]): void;
  end(): void;
};

const copiesIn = ({ mode }: SendOrder) => (mode === 'duplicate' ? 2 : 1);

type Posting = { body: string | Uint8Array<ArrayBuffer>; sample?: Sample };

/** Events that do not move for this long wait for a retry, or for the functions to start. */
const patienceMs = 30_000;

/**
 * Posts all events, follows them to their end, and returns their outcomes.
 * @param showProgress called once, with the number of events
 */
export async function sendAll(
  environment: Environment,
  order: SendOrder,
  showProgress: (total: number, waitsForFinal: boolean) => SendProgress,
): Promise<SendSummary> {
  const { outgoing, wait } = order;
  const copies = copiesIn(order);
  const startedAtMs = performance.now();
  const total = outgoing.count * copies;
  const progress = showProgress(total, wait);
  const follower = followEvents(environment, order.source, (final) => progress.final(final));
  const sending = makeSending(order, follower, progress);
  const about = { source: order.source, on: on(environment) };
  const told = new Set<string>();
  const onStill = (waiting: WaitingEvent[]) => {
    const news = outcomesOf([], waiting, about).filter(({ reason, workflow }) => !told.has(`${reason} ${workflow}`));
    for (const { reason, workflow } of news) told.add(`${reason} ${workflow}`);
    if (news.length > 0) progress.waiting(news);
    return !waitsForOperator(waiting);
  };
  let settled = true;
  try {
    for (const wave of wavesOf(outgoing)) {
      await sending.post(wave);
      // A user who is not in the directory yet gets no run, so identifies finish before the rest
      // begins.
      if (wait) settled = (await follower.settle(patienceMs, onStill)) && settled;
    }
  } finally {
    follower.stop();
    progress.end();
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  const { accepted, refused } = sending;
  const ids = accepted.flatMap((one) => one.ids);
  return {
    sent: total,
    accepted: ids.length,
    refused: [...refused.values()],
    ids,
    waiting: wait && !settled ? follower.waiting().length : 0,
    ...countFinal(follower.final.values()),
    outcomes: wait ? outcomesOf(follower.final.values(), follower.waiting(), about) : [],
    runs:
      wait && outgoing.kind === 'samples' ? await checkSampleRuns(environment, follower, accepted, startedAtMs) : null,
    seconds: Math.round(seconds * 100) / 100,
    events_per_second: Math.round(ids.length / Math.max(seconds, 0.001)),
  };
}

function wavesOf(outgoing: Outgoing): Posting[][] {
  if (outgoing.kind === 'files') return [outgoing.bodies.map(({ body }) => ({ body }))];
  const { introductions, events } = outgoing.plan;
  return [introductions, events]
    .filter((wave) => wave.length > 0)
    .map((wave) => wave.map((sample) => ({ body: bodyOf(sample), sample })));
}

const bodyOf = ({ body }: Sample) => (typeof body === 'string' ? body : JSON.stringify(body));

function makeSending(order: SendOrder, follower: Follower, progress: SendProgress) {
  const { url, concurrency, perSecond } = order;
  const copies = copiesIn(order);
  const accepted: { sample?: Sample; ids: string[] }[] = [];
  const refused = new Map<string, { status: number; problem: string; count: number }>();
  let count = 0;
  return {
    accepted,
    refused,
    async post(wave: Posting[]): Promise<void> {
      // The copies of one event follow each other, as a vendor's retries do.
      const postings = wave.flatMap((posting) => Array.from({ length: copies }, () => posting));
      await forEachPaced(postings, { concurrency, ...(perSecond !== undefined && { perSecond }) }, async (posting) => {
        const { sample } = posting;
        const { body, headers } = requestOf(posting, order);
        const answer = await postEvent(url, body, headers, progress.tryingAgain);
        if (answer.accepted) {
          accepted.push({ ids: answer.ids, ...(sample && { sample }) });
          follower.add(answer.ids);
          count += 1;
          progress.accepted(count);
          return;
        }
        const { status, problem } = answer;
        const known = refused.get(`${status} ${problem}`);
        refused.set(`${status} ${problem}`, { status, problem, count: (known?.count ?? 0) + 1 });
      });
    },
  };
}

function requestOf({ body, sample }: Posting, { headers, verifier, secret, mode }: SendOrder): Proven {
  const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body;
  const id = sample?.messageId ?? randomUUID();
  const proven = prove(verifier, mode, { body: bytes, secret, id, nowMs: Date.now() });
  return { body: proven.body, headers: { ...headers, ...sample?.headers, ...proven.headers } };
}

async function checkSampleRuns(
  environment: Environment,
  follower: Follower,
  accepted: { sample?: Sample; ids: string[] }[],
  startedAtMs: number,
) {
  const samples = accepted.flatMap(({ sample, ids }) => (sample ? [{ sample, ids }] : []));
  const users = [...new Set(samples.map(({ sample }) => sample.userId))];
  const sinceMs = Date.now() - (performance.now() - startedAtMs) - 60_000;
  const runs = await countRunsByExecution(environment, users, sinceMs);
  return checkRuns(follower.final, runs, messageIds(samples));
}
