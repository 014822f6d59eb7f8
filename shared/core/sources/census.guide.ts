import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { rowDeleteMapping, rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about: 'Sends records of your warehouse when they are added, changed or removed, from an HTTP Request destination.',
  setup: [
    'In Census, add a destination of type HTTP Request with method POST and the endpoint {url}.',
    'Add the header Authorization with the value `Bearer`, a space and the secret that you set with `npx signalbox secrets set sources/{key}`.',
    'Payload: columns as top-level keys, or a template, for one record or for many (a list, or `{"type": …, "records": […]}`).',
    'For removed records make a sync of its own whose template sets `"type": "record.delete"`.',
    'Optional: sync lifecycle webhooks (sync.started, sync.completed) can go to the same URL.',
  ],
  secret: { from: 'generated', where: "the destination's headers: Authorization: Bearer …" },
  eventType: {
    rule: 'The field `type` of a record; `record.upsert` for a record without one; `event` for a webhook about a sync.',
    examples: ['record.upsert', 'record.delete', 'sync.completed'],
  },
  key: 'none: nothing tells two copies of a record from a record that changed back',
  defaultMappings: [
    rowIdentifyMapping('record.upsert', 'record-upsert'),
    rowDeleteMapping('record.delete', 'record-delete'),
  ],
  behaviour: {
    retries: '429 (with Retry-After honoured) and 5xx',
    schedule: 'up to 7 times with growing waits; after 5xx the whole sync then fails',
    drops: 'any other 4xx: all records of the request are rejected, and tried again with the next run of the sync',
    timeout: 'not documented by Census',
    sendsAgainAfter: (status) => status === 429 || status >= 500,
  },
  pitfalls: [
    'The Custom Destination API, which calls methods by JSON-RPC, is not supported: such a request is answered 400 (`event_invalid`), so its connection test fails. Use an HTTP Request destination.',
    'A column called `type` becomes the event type: give it another name in the sync, or set `event_type_path`.',
    'A request that Census gave up on can come again in halves; its records are events of their own, so nothing is lost by that.',
    'Names of columns are case-sensitive in templates.',
    'The id of the user is the column `user_id`, else `userId` or `id`. `data` is the record: the body without `type`, or the map under `record` or `data`.',
  ],
  samples: {
    headers: { 'content-type': 'application/json' },
    identify: (user, make) => sample('record.upsert', user, make),
    ofType: (eventType, user, make) => (/^record\.\w+$/.test(eventType) ? sample(eventType, user, make) : undefined),
    mix: [{ eventType: 'record.upsert', weight: 1 }],
  },
};

function sample(eventType: string, user: SampleUser, make: SampleMaker): Sample {
  const row = sampleRow(user, make);
  const body = eventType === 'record.upsert' ? row : { type: eventType, ...row };
  return { eventType, messageId: make.uuid(), userId: user.id, body };
}
