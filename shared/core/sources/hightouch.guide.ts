import type { JsonObject } from '../json/values.ts';
import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { rowDeleteMapping, rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about:
    'Sends rows of a model of your warehouse when they are added, changed or removed, from an HTTP Request destination.',
  setup: [
    'In Hightouch, add a destination of type HTTP Request with the URL {url}.',
    'Add the header Authorization with the value `Bearer`, a space and the secret that you set with `npx signalbox secrets set sources/{key}`.',
    'In the sync, make a POST request for each trigger you need: rows added, rows changed, rows removed.',
    'JSON body: `{"type": "row.added", "user_id": "{{ row.user_id }}", "email": "{{ row.email }}"}`, with row.changed and row.removed for the others. Several rows: a list of such maps, or `{"type": "row.added", "rows": […]}`.',
    'Rate limit: 60 requests a second or more; there is no limit here.',
  ],
  secret: { from: 'generated', where: "the destination's headers: Authorization: Bearer …" },
  eventType: {
    rule: 'The field `type`, which your template has to set. Events of Hightouch Events: `track/` and the name, else the type in lower case.',
    examples: ['row.added', 'row.changed', 'row.removed', 'track/Order Completed'],
  },
  key: 'none for rows; `messageId` of events',
  defaultMappings: [
    rowIdentifyMapping('row.added', 'row-added'),
    rowIdentifyMapping('row.changed', 'row-changed'),
    rowDeleteMapping('row.removed', 'row-removed'),
  ],
  behaviour: {
    retries: 'as the sync says: onError retryRequest with a number of retries',
    schedule: 'as the sync says; rows that failed come again with its next run',
    drops: 'as the sync says. Which answers it retries by default could not be confirmed',
    timeout: 'as the sync says; 30 s in its example',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'The embedded destination, which calls methods by JSON-RPC, is not supported: such a request is answered 400 (`event_invalid`). Use an HTTP Request destination.',
    'The first run of a sync (backfill) can send every row of the model.',
    'Templates make text of numbers, "" of null, and broken JSON of a value with a quote in it, which is answered 400.',
    'Two copies of a row both run, since nothing tells them from two changes; put an id into the body and name it in `idempotency_key_path` to change that.',
    'The id of the user is the column `user_id`, else `userId` or `id`. `data` is the row: the body without `type`, or the map under `row` or `data`.',
  ],
  samples: {
    headers: { 'content-type': 'application/json' },
    identify: (user, make) => sample('row.added', user, make),
    ofType: (eventType, user, make) => (/^row\.\w+$/.test(eventType) ? sample(eventType, user, make) : undefined),
    mix: [
      { eventType: 'row.changed', weight: 90 },
      { eventType: 'row.added', weight: 10 },
    ],
  },
};

function sample(eventType: string, user: SampleUser, make: SampleMaker): Sample {
  const body: JsonObject = { type: eventType, ...sampleRow(user, make) };
  return { eventType, messageId: make.uuid(), userId: user.id, body };
}
