import { describe, expect, test } from '@jest/globals';
import { type DeadLetterDeps, explainBatch } from '../../functions/dead-letter/explain-parked.ts';
import { report } from '../../functions/ingest/answer.ts';
import { ingestRequest } from '../../functions/ingest/ingest-request.ts';
import { type ProcessorDeps, processBatch } from '../../functions/processor/process-batch.ts';
import { runActions, type WorkflowTriggerDeps } from '../../functions/workflow-trigger/run-actions.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import type { Invocation } from '../../shared/core/plan/actions-message.ts';
import { makeRefusals } from '../../shared/lambda/refusals.ts';
import { actionsMessage, actionsRecord, invocation, testExecution } from '../support/actions-message.ts';
import { eventRecord, liveConfiguration, rawEvent, trackEvent } from '../support/build.ts';
import {
  makeCountedMetrics,
  makeFakeActionLog,
  makeFakeActionsQueue,
  makeFakeClaimStore,
  makeFakeEventLog,
} from '../support/fakes.ts';
import { contextNowMs } from '../support/fakes-workflow-trigger.ts';
import { type LogLine, makeKeptLog } from '../support/function-log.ts';
import { ingestRequestOf, makeTestIngest } from '../support/ingest.ts';
import { callLena, identifyLena, logLena, makeTrigger } from '../support/workflow-trigger.ts';

/*
 * Whatever a port throws is in the function's log at its first failure: what was wrong, where in the code, and about which
 * record. Trouble that may pass is a warning, anything else an error.
 */

const faults: ['warn' | 'error', () => Error][] = [
  ['warn', () => new RetryableError('injected trouble')],
  ['error', () => new TypeError('injected bug')],
];

/** The port with one of its calls failing; the others do as before. */
function failing<Port extends object>(port: Port, call: keyof Port & string, fault: () => Error): Port {
  return new Proxy(port, {
    get: (target, name, receiver) =>
      name === call ? () => Promise.reject(fault()) : Reflect.get(target, name, receiver),
  });
}

function expectSeen(lines: LogLine[], level: 'warn' | 'error', ids: Record<string, unknown>) {
  expect(lines[0]).toMatchObject({ level, ...ids });
  const { error } = lines[0] as { error?: Error };
  const seen = [error?.stack, (error?.cause as Error | undefined)?.stack].join('\n');
  expect(seen).toMatch(/injected (trouble|bug)/);
  expect(seen).toContain('failures-are-seen.test.ts');
}

describe.each(faults)('ingest writes a line (%s) when its port throws:', (level, fault) => {
  test.each([
    ['configuration', 'current'],
    ['configuration', 'reload'],
    ['secrets', 'valuesOf'],
    ['secrets', 'refresh'],
    ['events', 'sendEach'],
  ] as const)('%s.%s', async (port, call) => {
    const log = makeKeptLog();
    const ingest = makeTestIngest();
    const broken = { ...ingest, log, [port]: failing(ingest[port], call as never, fault) };
    const isWrong = call === 'reload' || call === 'refresh';
    const ingested = await ingestRequest(ingestRequestOf({}, isWrong ? { token: 'wrong' } : {}), broken);
    expect(ingested.answer.kind).toBe('unavailable');
    const metrics = makeCountedMetrics();
    const refusals = makeRefusals({ metrics, service: 'ingest', nowMs: ingest.nowMs });
    report(ingested, { request_id: 'r-1' }, { metrics, log, refusals });
    expectSeen(log.lines, level, { message: 'request not accepted', request_id: 'r-1' });
  });

  test('secrets.valuesOf, for a check whose result is only noted', async () => {
    const log = makeKeptLog();
    const ingest = makeTestIngest();
    const secrets = {
      ...ingest.secrets,
      valuesOf: (name: string) => (name === 'ingest' ? ingest.secrets.valuesOf(name) : Promise.reject(fault())),
    };
    ingest.live = liveConfiguration({ state: { verification: { enforced: false } } });
    const request = ingestRequestOf({}, { headers: { authorization: 'Bearer x', 'x-webhook-secret': 'x' } });
    expect((await ingestRequest(request, { ...ingest, log, secrets })).answer.kind).toBe('accepted');
    expectSeen(log.lines, level, { source: 'rudderstack' });
  });
});

describe.each(faults)('the processor writes a line (%s) when its port throws:', (level, fault) => {
  function makeProcessor() {
    const log = makeKeptLog();
    const deps: ProcessorDeps = {
      configuration: { current: async () => liveConfiguration(), reload: async () => liveConfiguration() },
      claims: makeFakeClaimStore(),
      eventLog: makeFakeEventLog(),
      actionsQueue: makeFakeActionsQueue(),
      receivedMessages: { handBack: async () => undefined },
      seen: { note: async () => undefined },
      preprocessor: makePreprocessor(() => 0),
      metrics: makeCountedMetrics(),
      log,
      nowMs: Date.now,
      random: Math.random,
      maxReceiveCount: 10,
    };
    return { log, deps };
  }
  const raw = rawEvent(trackEvent());
  const event_id = raw.id;

  test.each([
    ['claims', 'claim', 1],
    ['actionsQueue', 'sendEach', 1],
    ['eventLog', 'writeEach', 1],
  ] as const)('%s.%s', async (port, call, returned) => {
    const { log, deps } = makeProcessor();
    const broken = { ...deps, [port]: failing(deps[port], call as never, fault) };
    const { batchItemFailures } = await processBatch([eventRecord(raw)], broken, 35_000);
    expect(batchItemFailures).toHaveLength(returned);
    const ids = {
      message: 'a record failed',
      event_id,
      source: 'rudderstack',
      message_id: expect.any(String),
      delivery: 1,
    };
    expectSeen(log.lines, level, ids);
    expect(log.lines).toHaveLength(1);
  });

  test('eventLog.statusOf, and claims.takeOver', async () => {
    const { log, deps } = makeProcessor();
    let nowMs = Date.now();
    const clocked = { ...deps, nowMs: () => nowMs };
    const unmarked = { ...clocked, eventLog: failing(deps.eventLog, 'writeEach', fault) };
    await processBatch([eventRecord(raw)], unmarked, 35_000);
    nowMs += 36_000;
    log.lines.length = 0;
    const unread = { ...clocked, eventLog: failing(deps.eventLog, 'statusOf', fault) };
    await processBatch([eventRecord(raw, 2)], unread, 35_000);
    expectSeen(log.lines, level, { event_id, delivery: 2 });
    nowMs += 36_000;
    log.lines.length = 0;
    const copy = rawEvent(trackEvent());
    const kept = { ...clocked, claims: failing(deps.claims, 'takeOver', fault) };
    await processBatch([eventRecord(copy)], kept, 35_000);
    expectSeen(log.lines, level, { event_id: copy.id });
  });

  test('preprocessor.run', async () => {
    const { log, deps } = makeProcessor();
    const configured = liveConfiguration({ file: { preprocess: { jsonata: '{}' } } });
    const configuration = { ...deps.configuration, current: async () => configured };
    const preprocessor = failing(deps.preprocessor, 'run', fault);
    await processBatch([eventRecord(raw)], { ...deps, configuration, preprocessor }, 35_000);
    expectSeen(log.lines, level, { message: 'a record failed', message_id: expect.any(String) });
  });

  test('configuration.current, and the batch comes back whole', async () => {
    const { log, deps } = makeProcessor();
    const broken = { ...deps, configuration: failing(deps.configuration, 'current', fault) };
    await expect(processBatch([eventRecord(raw)], broken, 35_000)).rejects.toThrow('injected');
    expectSeen(log.lines, level, { message: 'a batch failed: there is no configuration', records: 1 });
  });

  test('seen.note and receivedMessages.handBack, which cost no record anything', async () => {
    const { log, deps } = makeProcessor();
    const broken = {
      ...deps,
      seen: failing(deps.seen, 'note', fault),
      receivedMessages: failing(deps.receivedMessages, 'handBack', fault),
    };
    const unreadable = { ...eventRecord(raw), body: '{' };
    expect(await processBatch([eventRecord(raw), unreadable], broken, 35_000)).toEqual({
      batchItemFailures: [{ itemIdentifier: unreadable.messageId }],
    });
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      [level, 'event types seen could not be noted'],
      ['error', 'a record failed'],
      [level, 'records could not be handed back'],
    ]);
  });

  test('eventLog.writeFailed, on the last delivery', async () => {
    const { log, deps } = makeProcessor();
    const eventLog = failing(failing(deps.eventLog, 'writeEach', fault), 'writeFailed', fault);
    await processBatch([eventRecord(raw, 10)], { ...deps, eventLog }, 35_000);
    expect(log.lines).toMatchObject([
      { level, message: 'a record failed on its last delivery', event_id, delivery: 10 },
      { level, message: 'the row of a failed event could not be written', event_id },
    ]);
  });
});

const deadlineMs = contextNowMs + 50_000;

describe.each(faults)('workflow-trigger writes a line (%s) when its port throws:', (level, fault) => {
  const collection = { collection: 'projects', id: 'p1' };
  type Case = {
    port: keyof WorkflowTriggerDeps & string;
    call: string;
    invocations: Invocation[];
    again?: true;
  };
  const subscribe = invocation('objects_subscribe', 'm', { ...collection, recipients: 'lena' });
  const addMember = invocation('audiences_add_member', 'm', { key: 'a', members: 'lena', create_audience: true });
  const cases: Case[] = [
    { port: 'directory', call: 'readEach', invocations: [identifyLena()] },
    { port: 'directory', call: 'writeIfUnchanged', invocations: [identifyLena()] },
    { port: 'subscriptions', call: 'subscribe', invocations: [subscribe] },
    { port: 'audiences', call: 'ensure', invocations: [addMember] },
    { port: 'runs', call: 'writeEach', invocations: [identifyLena(), logLena()] },
    { port: 'openTarget', call: 'itself', invocations: [identifyLena(), callLena()] },
    { port: 'actionLog', call: 'writeEach', invocations: [identifyLena()] },
    { port: 'actionLog', call: 'read', invocations: [identifyLena()], again: true },
    { port: 'actionLog', call: 'writeIfUnchanged', invocations: [identifyLena()], again: true },
  ];
  test.each(cases)('$port, $call', async ({ port, call, invocations, again = false }) => {
    const { deps, log } = makeTrigger();
    const throwing = () => {
      throw fault();
    };
    const broken = port === 'openTarget' ? throwing : failing(deps[port] as object, call as never, fault);
    const record = actionsRecord(actionsMessage({ invocations, again }));
    await runActions([record], { ...deps, [port]: broken }, deadlineMs);
    expectSeen(log.lines, level, { execution: testExecution, event_id: testExecution, source: 'rudderstack' });
  });

  test('actionsQueue.sendEach and claims.release', async () => {
    const { deps, log } = makeTrigger();
    const away = { ...deps, runs: failing(deps.runs, 'writeEach', () => new RetryableError('away')) };
    const waiting = actionsRecord(actionsMessage({ invocations: [identifyLena(), logLena()] }));
    await runActions([waiting], { ...away, actionsQueue: failing(deps.actionsQueue, 'sendEach', fault) }, deadlineMs);
    expectSeen(log.lines.slice(1), level, { message: 'a record failed', message_id: waiting.messageId });
    log.lines.length = 0;
    const claim = { key: 'k', source: 'rudderstack', eventType: 't' };
    const refusedAction = actionsRecord(actionsMessage({ claim, invocations: [invocation('no_action', 'm', {})] }));
    await runActions([refusedAction], { ...deps, claims: failing(deps.claims, 'release', fault) }, deadlineMs);
    expectSeen(log.lines, level, { message: 'a record failed', message_id: refusedAction.messageId });
  });

  test('configuration.current, and the batch comes back whole', async () => {
    const { deps, log } = makeTrigger();
    const broken = { ...deps, configuration: failing(deps.configuration, 'current', fault) };
    const records = [actionsRecord(actionsMessage({ invocations: [identifyLena()] }))];
    await expect(runActions(records, broken, deadlineMs)).rejects.toThrow('injected');
    expectSeen(log.lines, level, { message: 'a batch failed: there is no configuration' });
  });
});

test('an action that waits for the same trouble again and again is logged once', async () => {
  const { deps, log, actionsQueue, deliver, clock } = makeTrigger();
  const broken = { runs: failing(deps.runs, 'writeEach', () => new RetryableError('the table is away')) };
  await deliver([actionsMessage({ invocations: [identifyLena(), logLena()] })], broken);
  for (let i = 0; i < 3; i++) {
    const next = actionsQueue.sent.shift();
    if (next === undefined) throw new Error('nothing waits');
    clock.nowMs = next.retryAtMs ?? 0;
    await deliver([next], broken);
  }
  expect(log.lines).toHaveLength(1);
});

describe.each(faults)('the dead-letter function writes a line (%s) when its port throws:', (level, fault) => {
  function makeDeadLetter() {
    const log = makeKeptLog();
    const deps: DeadLetterDeps = {
      eventLog: makeFakeEventLog(),
      actionLog: makeFakeActionLog(),
      claims: makeFakeClaimStore(),
      metrics: makeCountedMetrics(),
      log,
      nowMs: Date.now,
    };
    return { log, deps };
  }
  const raw = rawEvent();
  const claim = { key: 'k', source: 'rudderstack', eventType: 't' };
  const parked = () => actionsRecord(actionsMessage({ claim, invocations: [identifyLena()] }));

  test.each([
    ['eventLog', 'writeFailed', () => eventRecord(raw), { event_id: raw.id }],
    ['actionLog', 'read', parked, { execution: testExecution }],
    ['actionLog', 'writeIfUnchanged', parked, { execution: testExecution }],
    ['claims', 'release', parked, { execution: testExecution }],
  ] as const)('%s.%s', async (port, call, record, ids) => {
    const { log, deps } = makeDeadLetter();
    const broken = { ...deps, [port]: failing(deps[port], call as never, fault) };
    expect((await explainBatch([record()], broken)).batchItemFailures).toHaveLength(1);
    expectSeen(log.lines, level, { message: 'a dead letter could not be explained', source: 'rudderstack', ...ids });
  });
});
