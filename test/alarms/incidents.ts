import { gzipSync } from 'node:zlib';
import { Snapshot, SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { encodeRawEvent } from '../../shared/core/events/raw-event.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import { rawEvent, trackEvent } from '../support/build.ts';
import { alarmMessage } from '../support/channels.ts';
import { type AlarmPipeline, environment, type FunctionName, functionNames } from './pipeline.ts';

/** Something that goes wrong, from minute 0 on. */
export type Incident = {
  name: string;
  /** The alarms that must be raised by it. Others may be. */
  raises: readonly string[];
  /** At every step, with the minutes since it began. */
  happens(pipeline: AlarmPipeline, minute: number): unknown;
};

const workflow = (target: object) => ({ name: 'w', target: { [environment]: target } });
const mapping = (event: string, key: string) => ({
  id: event,
  event: `track/${event}`,
  action: 'workflows_trigger',
  parameters: { key, recipients: [{ id: 'user_id' }] },
});

/** What the pipeline runs in every incident: an ordinary source, and one that must sign. */
export function alarmConfiguration(targetUrl: string): LiveConfiguration {
  const identify = { id: 'identify', event: 'identify', action: 'users_identify', parameters: { id: 'user_id' } };
  const file = SourceFile.parse({
    kind: 'rudderstack',
    name: 'RudderStack',
    mappings: [identify, mapping('ordered', 'log-it'), mapping('paid', 'call-it')],
  });
  return {
    version: 1,
    snapshot: Snapshot.parse({
      sources: { web: file, signed: file, punctual: file, steady: { ...file, expect: { volume: usualVolume.text } } },
      workflows: { 'log-it': workflow({ type: 'log' }), 'call-it': workflow({ type: 'http', url: targetUrl }) },
    }),
    state: {
      sources: {
        web: SourceState.parse({ verification: { enforced: false } }),
        signed: SourceState.parse({ verification: { enforced: true } }),
        punctual: SourceState.parse({ verification: { enforced: false } }),
        steady: SourceState.parse({ verification: { enforced: false } }),
      },
      inactive_workflows: [],
    },
  };
}

const usualVolume = { text: '0.2..5', low: 0.2, high: 5 };

/** The source `punctual` has something to send every half hour, at least, and `steady` every five minutes. */
export const expectedThere = {
  punctual: { every: { text: '1h', seconds: 3600 } },
  steady: { volume: usualVolume },
};

const steadyMinutes = 5;

/** So many events of `steady` at the moments at which it sends. */
export async function steadyTraffic(pipeline: AlarmPipeline, minute: number, events = 1): Promise<void> {
  if (!everyMinutes(minute, steadyMinutes)) return;
  for (let i = 0; i < events; i++) await pipeline.post('steady', trackEvent({ messageId: undefined }));
}

/** What `steady` sent in these hours of a week before, as ingest counted it. */
export function steadyWeekBefore(pipeline: AlarmPipeline, hours: number): void {
  const dimensions = { environment, source: 'steady' };
  const startMs = pipeline.nowMs() - 7 * 86_400_000;
  for (let minute = 0; minute < hours * 60; minute += steadyMinutes)
    pipeline.store.add({ namespace: 'Signalbox', name: 'EventsAccepted', dimensions }, startMs + minute * 60_000, 1);
}

let sent = 0;
/** A fresh event of the source `web`. */
export function postEvent(pipeline: AlarmPipeline, name = 'ordered'): Promise<number> {
  const id = ++sent;
  return pipeline.post('web', trackEvent({ event: name, messageId: `m-${id}`, userId: `user-${id % 20}` }));
}

/** True once in so many minutes, beginning with minute 0. */
const everyMinutes = (minute: number, interval: number) => minute % interval === 0;

/** A few events an hour, as a small environment has. */
export async function smallTraffic(pipeline: AlarmPipeline, minute: number, name?: string): Promise<void> {
  if (everyMinutes(minute, 3)) await postEvent(pipeline, name);
}

/** As CloudWatch tells of it. */
export function tellRaised(pipeline: AlarmPipeline, alarm: string): void {
  pipeline.enqueue('notifications', alarmMessage(`signalbox-${environment}-${alarm}`, 'ALARM', pipeline.nowMs()));
}

const alarmNameOf = (name: FunctionName) => (name === 'api' ? 'rest' : name);

/** What makes each function be called. */
const workFor: Record<FunctionName, (pipeline: AlarmPipeline, minute: number) => unknown> = {
  ingest: smallTraffic,
  processor: smallTraffic,
  'workflow-trigger': smallTraffic,
  'dead-letter': (pipeline, minute) => minute === 0 && pipeline.enqueue('events-dead-letters', poison(pipeline)),
  notifier: (pipeline, minute) => minute === 0 && tellRaised(pipeline, 'dead-letters'),
  api: (pipeline, minute) => everyMinutes(minute, 3) && pipeline.call('GET', '/v1/users/lena', 'sk_test'),
  'sender-page': (pipeline, minute) => everyMinutes(minute, 3) && pipeline.view(`lk_${'A'.repeat(43)}`),
};

const outageOf = (
  table: Parameters<AlarmPipeline['tablesAway']['add']>[0],
  minutes: number,
  raises: string[],
  event?: string,
): Incident => ({
  name: `${table} is away for ${minutes} minutes, with little traffic`,
  raises,
  async happens(pipeline, minute) {
    pipeline.tablesAway = new Set(minute < minutes ? [table] : []);
    await smallTraffic(pipeline, minute, event);
  },
});

/** An event whose contents no version can read. */
function poison(pipeline: AlarmPipeline): string {
  const raw = rawEvent(trackEvent(), { source: 'web', receivedAtMs: pipeline.nowMs() });
  return encodeRawEvent({ ...raw, payload: gzipSync('not brotli') });
}

export const incidents: Incident[] = [
  outageOf('Claims', 15, ['events-delayed']),
  outageOf('Claims', 25, ['events-delayed', 'events-failed']),
  outageOf('EventLog', 15, ['events-delayed']),
  outageOf('ActionLog', 15, ['actions-delayed']),
  outageOf('Directory', 15, ['actions-blocked']),
  outageOf('WorkflowRuns', 15, ['actions-blocked'], 'paid'),
  outageOf('Configuration', 15, ['configuration-unreadable']),
  {
    name: 'one event that no version can read',
    raises: ['events-failed', 'dead-letters'],
    happens: (pipeline, minute) => minute === 0 && pipeline.enqueue('events', poison(pipeline)),
  },
  {
    name: 'a message that no function can attribute',
    raises: ['dead-letters-stuck'],
    happens: (pipeline, minute) => minute === 0 && pipeline.enqueue('events', '{"no": "event"}'),
  },
  {
    name: 'the processor is not called',
    raises: ['events-delayed'],
    async happens(pipeline, minute) {
      pipeline.conditions.processor = 'idle';
      await smallTraffic(pipeline, minute);
    },
  },
  {
    name: 'workflow-trigger is not called',
    raises: ['actions-delayed'],
    async happens(pipeline, minute) {
      pipeline.conditions['workflow-trigger'] = 'idle';
      await smallTraffic(pipeline, minute);
    },
  },
  {
    name: 'the target refuses every run, with 40 runs in 10 minutes',
    raises: ['actions-failing'],
    async happens(pipeline, minute) {
      pipeline.targetStatus = 400;
      if (minute < 10) await postEvent(pipeline, 'paid');
    },
  },
  {
    name: 'the target refuses every run, with two runs an hour',
    raises: ['actions-failing-slowly'],
    async happens(pipeline, minute) {
      pipeline.targetStatus = 400;
      if (everyMinutes(minute, 30)) await postEvent(pipeline, 'paid');
    },
  },
  {
    name: 'the target is down, with a run every 3 minutes',
    raises: ['targets-failing'],
    async happens(pipeline, minute) {
      pipeline.targetStatus = 500;
      await smallTraffic(pipeline, minute, 'paid');
    },
  },
  {
    name: 'the target is down, and a single run waits for it',
    raises: ['targets-failing'],
    async happens(pipeline, minute) {
      pipeline.targetStatus = 500;
      if (minute === 0) await postEvent(pipeline, 'paid');
    },
  },
  {
    name: 'the secret of a target is missing, with a run every 3 minutes',
    raises: ['actions-blocked'],
    async happens(pipeline, minute) {
      pipeline.hasTargetSecret = false;
      await smallTraffic(pipeline, minute, 'paid');
    },
  },
  {
    name: 'a sender has the wrong secret, with a request every 10 minutes',
    raises: ['signatures-refused'],
    happens: (pipeline, minute) =>
      everyMinutes(minute, 10) &&
      pipeline.post('signed', trackEvent(), {
        headers: { authorization: 'Bearer wrong', 'x-webhook-secret': 'wrong' },
      }),
  },
  {
    name: 'a stranger guesses URLs, 20 a minute',
    raises: ['urls-refused'],
    async happens(pipeline) {
      for (let i = 0; i < 5; i++) await pipeline.post('web', trackEvent(), { token: `guess-${i}` });
    },
  },
  {
    name: 'a stranger guesses keys, 20 a minute',
    raises: ['keys-refused'],
    async happens(pipeline) {
      for (let i = 0; i < 5; i++) await pipeline.call('GET', '/v1/users/lena', `sk_${i}`);
    },
  },
  {
    name: 'the queues are away, with little traffic',
    raises: ['requests-failed', 'api-errors'],
    async happens(pipeline, minute) {
      pipeline.queuesAway = true;
      await smallTraffic(pipeline, minute);
    },
  },
  {
    name: 'a sender posts what is no JSON, 24 times a minute',
    raises: ['api-refusals'],
    async happens(pipeline) {
      for (let i = 0; i < 6; i++) await pipeline.post('web', 'order=1');
    },
  },
  {
    name: 'a sender exceeds the throttle once a minute, by one request',
    raises: ['requests-throttled'],
    async happens(pipeline, minute) {
      pipeline.requestsPerSecond = 3;
      if (everyMinutes(minute, 1)) for (let i = 0; i < 4; i++) await postEvent(pipeline);
    },
  },
  {
    name: 'a source falls silent that is expected to send every hour',
    raises: ['source-silent/punctual'],
    happens: (pipeline, minute) => minute === 0 && pipeline.post('punctual', trackEvent({ messageId: undefined })),
  },
  {
    name: 'a source sends a twelfth of what it sent a week before, from the middle of an hour on',
    raises: ['volume-unusual/steady'],
    async happens(pipeline, minute) {
      if (minute === 0) steadyWeekBefore(pipeline, 3);
      // The first hour is still within its share.
      if (minute < 30 || everyMinutes(minute, 60)) await steadyTraffic(pipeline, minute);
    },
  },
  {
    name: 'a source sends six times what it sent a week before',
    raises: ['volume-unusual/steady'],
    async happens(pipeline, minute) {
      if (minute === 0) steadyWeekBefore(pipeline, 3);
      await steadyTraffic(pipeline, minute, 6);
    },
  },
  {
    name: 'the configuration is away when volumes are to be compared',
    raises: ['volume-unchecked'],
    happens(pipeline) {
      pipeline.tablesAway = new Set(['Configuration']);
    },
  },
  {
    name: 'a source floods',
    raises: ['events-surge'],
    happens: (pipeline, minute) =>
      everyMinutes(minute, 1) &&
      pipeline.post(
        'web',
        Array.from({ length: surgeAbove / 4 }, () => trackEvent()),
      ),
  },
  {
    name: 'Slack takes no message, and an alarm is to be told',
    raises: ['notifications-failing'],
    happens(pipeline, minute) {
      pipeline.slackTakes = false;
      if (minute === 0) tellRaised(pipeline, 'dead-letters');
    },
  },
  {
    name: 'an accepted event is lost, and the day is stated',
    raises: ['statement-differs'],
    async happens(pipeline, minute) {
      if (minute === 0) {
        await postEvent(pipeline);
        await pipeline.lose('EventsQueue');
      }
      if (minute === 1) await pipeline.stateYesterday(true);
    },
  },
  {
    name: 'the daily statement cannot be made',
    raises: ['statement-missing'],
    happens: (pipeline, minute) => minute === 1 && pipeline.stateYesterday(false),
  },
  ...functionNames.flatMap((name): Incident[] => [
    {
      name: `${name} crashes whenever it is called`,
      raises: [`${alarmNameOf(name)}-errors`],
      async happens(pipeline, minute) {
        pipeline.conditions[name] = 'dies';
        await workFor[name](pipeline, minute);
      },
    },
    {
      name: `${name} is throttled`,
      raises: [`${alarmNameOf(name)}-throttles`],
      async happens(pipeline, minute) {
        pipeline.conditions[name] = 'throttled';
        await workFor[name](pipeline, minute);
      },
    },
  ]),
];

/** The environment of the incidents counts so many events in five minutes as a surge. */
export const surgeAbove = 40;
