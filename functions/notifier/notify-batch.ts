import { createHash } from 'node:crypto';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { asError } from '../../shared/core/errors.ts';
import { batchResponse } from '../../shared/lambda/batch-response.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import { alarmKindOf, type Explanation } from '../../shared/operations/alarms/alarm-kinds.ts';
import type { Explained } from '../../shared/operations/alarms/explain-alarm.ts';
import type { Announcements, KnownAlarm } from '../../shared/ports/announcements.ts';
import { type AlarmChange, readAlarmChange } from './alarm-change.ts';
import type { Channel } from './channels/channel.ts';
import { type AlarmNews, newsOf } from './news.ts';

export type NotifierDeps = {
  environment: string;
  channels: readonly Channel[];
  announcements: Announcements;
  /** Waits for what changes soon after. */
  gather(): Promise<unknown>;
  explain(explanation: Explanation, range: { sinceMs: number; untilMs: number }): Promise<Explained[]>;
  runbooksUrl: string | undefined;
  metrics: StageMetrics;
  log: FunctionLog;
  nowMs(): number;
};

/** Longer than a call of the function can take. */
const turnMs = 90_000;

/**
 * Notes what changed, and tells every channel what it does not know yet. Of the calls that hear of
 * something at about the same time, one has the turn: it waits a little and tells for all of them.
 * The others are finished. It reads again after its turn, so what was noted before its end is told.
 *
 * A channel that fails is told again when the records come back; the others are not.
 */
export async function notifyBatch(records: SQSRecord[], deps: NotifierDeps): Promise<SQSBatchResponse> {
  const { changes, finished } = readChanges(records, deps);
  for (const [, { alarm, ...change }] of changes) await deps.announcements.noteChange(alarm, change);
  const isTold = changes.length === 0 || (await takeTurns(deps));
  if (isTold) for (const [record] of changes) finished.add(record);
  deps.metrics.flush();
  return batchResponse(records, finished);
}

/** A message that tells of no alarm comes back, and ends among the dead letters. */
function readChanges(records: SQSRecord[], { environment, log, metrics }: NotifierDeps) {
  const finished = new Set<SQSRecord>();
  const changes: [SQSRecord, AlarmChange][] = [];
  for (const record of records) {
    try {
      const change = readAlarmChange(record.body, environment);
      if (change === undefined) finished.add(record);
      else changes.push([record, change]);
    } catch (error) {
      metrics.count('unreadable', 'NotificationsFailed');
      logFailure(log, 'a message tells of no alarm', asError(error), { message_id: record.messageId });
    }
  }
  return { changes, finished };
}

/** @returns false when a channel could not be told */
async function takeTurns(deps: NotifierDeps): Promise<boolean> {
  const { announcements, channels } = deps;
  for (;;) {
    const nowMs = deps.nowMs();
    if (!(await announcements.takeTurn(nowMs, nowMs + turnMs))) return true;
    await deps.gather();
    const known = await announcements.read();
    const explained = new Map<string, Promise<Explained[]>>();
    const told = await Promise.all(channels.map((channel) => tellChannel(channel, known, explained, deps)));
    await announcements.endTurn(nowMs + turnMs);
    if (told.includes(false)) return false;
    // A call that found the turn taken has noted its change before.
    const after = await announcements.read();
    if (channels.every((channel) => dueTo(channel, after).length === 0)) return true;
  }
}

type Due = AlarmChange & { sinceMs: number; isNews: boolean };

/** What changed since the channel was told. The end of what it never heard of is no news. */
function dueTo({ name }: Channel, known: Map<string, KnownAlarm>): Due[] {
  return [...known].flatMap(([alarm, { change, told }]): Due[] => {
    const last = told.get(name);
    if (last !== undefined && last.atMs >= change.atMs) return [];
    const sinceMs = change.state === 'over' ? (last?.sinceMs ?? change.atMs) : change.atMs;
    return [{ ...change, alarm, sinceMs, isNews: change.state !== (last?.state ?? 'over') }];
  });
}

/** @returns false when it could not be told */
async function tellChannel(
  channel: Channel,
  known: Map<string, KnownAlarm>,
  explained: Map<string, Promise<Explained[]>>,
  deps: NotifierDeps,
): Promise<boolean> {
  const due = dueTo(channel, known);
  try {
    const alarms: AlarmNews[] = [];
    for (const one of due) {
      if (!one.isNews) continue;
      const reasons = await reasonsOf(one, explained, deps);
      alarms.push(newsOf(one, { ...deps, reasons }));
    }
    if (alarms.length > 0) await channel.tell({ environment: deps.environment, id: idOf(channel, due), alarms });
    for (const { alarm, state, atMs, sinceMs } of due)
      await deps.announcements.noteTold(alarm, channel.name, { state, atMs, sinceMs });
    return true;
  } catch (error) {
    deps.metrics.count(channel.name, 'NotificationsFailed');
    const alarms = due.map(({ alarm, state }) => `${alarm}: ${state}`);
    logFailure(deps.log, 'a channel could not be told of alarms', asError(error), { channel: channel.name, alarms });
    return false;
  }
}

/** The same for the same changes, so that a receiver knows a repeated message. */
function idOf({ name }: Channel, due: readonly Due[]): string {
  const told = due.map(({ alarm, state, atMs }) => `${alarm} ${state} ${atMs}`).sort();
  return `msg_${createHash('sha256')
    .update([name, ...told].join('\n'))
    .digest('base64url')
    .slice(0, 27)}`;
}

/** Rows of the time before: an alarm is late by its periods. */
const lookBackMs = 30 * 60_000;
const explainMs = 5_000;

/** Best effort: an alarm whose tables are away is told without its reasons. */
function reasonsOf({ alarm, state, atMs }: Due, explained: Map<string, Promise<Explained[]>>, deps: NotifierDeps) {
  const explanation = state === 'raised' ? alarmKindOf(alarm)?.explainedBy : undefined;
  if (explanation === undefined) return [];
  const found = explained.get(explanation);
  if (found !== undefined) return found;
  const reading = inTime(deps.explain(explanation, { sinceMs: atMs - lookBackMs, untilMs: deps.nowMs() })).catch(
    (error) => {
      logFailure(deps.log, 'the reasons of an alarm could not be read', asError(error), { alarm });
      return [];
    },
  );
  explained.set(explanation, reading);
  return reading;
}

async function inTime<Value>(work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${explainMs / 1000} seconds`)), explainMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
