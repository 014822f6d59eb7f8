import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { rowDeleteMapping, rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about: 'Sends records of your warehouse when they are added, changed or removed, from an HTTP Request destination.',
  setup: [
    'In Census, add a destination of type HTTP Request with the method POST and the endpoint {url}',
    'Add a header to the destination: `Authorization` with the value `Bearer SECRET`. `sources add` makes the secret and shows it once; `npx signalbox secrets set {key} --generate` makes another.',
    'Payload: columns as top-level keys, or a template, for one record or for many (a list, or `{"type": …, "records": […]}`).',
    'For removed records, make a second sync whose template sets `"type": "record.delete"`.',
    'Optional: send the lifecycle webhooks of syncs (sync.started, sync.completed) to the same URL.',
  ],
  secret: { from: 'generated', where: "the destination's headers, as `Authorization: Bearer SECRET`" },
  eventType: {
    rule: 'A record has the type that its field `type` says, and `record.upsert` without one. A webhook about a sync has the type that `event` says.',
    examples: ['record.upsert', 'record.delete', 'sync.completed'],
  },
  key: 'none, because nothing tells two copies of a record from a record that changed back',
  defaultMappings: [
    rowIdentifyMapping('record.upsert', 'record-upsert'),
    rowDeleteMapping('record.delete', 'record-delete'),
  ],
  behaviour: {
    timeout: 'Census does not say how long it waits for an answer.',
    retries:
      "It sends again after 429, when the answer's Retry-After says so, and after 5xx: up to 7 times with growing waits. If it still fails after 5xx, the whole sync fails.",
    drops:
      'After any other 4xx it rejects all records of the request, and tries them again with the next run of the sync.',
    sendsAgainAfter: (status) => status === 429 || status >= 500,
  },
  pitfalls: [
    'The Custom Destination API, which calls methods by JSON-RPC, is not supported: such a request is answered 400 (`event_invalid`), so its connection test fails. Use an HTTP Request destination.',
    'A column called `type` becomes the event type. Give it another name in the sync, or set `event_type_path`.',
    'A request that Census gave up on can come again in halves. Its records are events of their own, so nothing is lost.',
    'Names of columns are case-sensitive in templates.',
    'The user id is the column `user_id`, else `userId`, else `id`. `data` is the record: the body without `type`, or the map under `record` or `data`, unless the body names the user itself: then the map is a column.',
    'Columns that are null or `""` count as not there. `body` has the record as it came.',
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
