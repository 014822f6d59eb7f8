import type { JsonObject } from '../json/values.ts';
import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { postedRows, rowDeleteMapping, rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about:
    'Sends rows of a model of your warehouse when they are added, changed or removed, from an HTTP Request destination.',
  setup: [
    'In Hightouch, add a destination of type HTTP Request with the URL {url}',
    'Add a header to the destination: `Authorization` with the value `Bearer SECRET`. `sources add` makes the secret and shows it once; `npx signalbox secrets set {key} --generate` makes another.',
    'In the sync, make a POST request for each trigger you need: rows added, rows changed, rows removed.',
    'JSON body: the first template below, with `row.changed` and `row.removed` for the other triggers. To send several rows at once, use a list of such maps, or `{"type": "row.added", "rows": […]}`.',
    'To fill an audience without a source, call the REST API: rows added to `POST https://…/v1/audiences/vip/members?create_audience=true`, rows removed to `DELETE https://…/v1/audiences/vip/members`, both with the second template. A DELETE that carries no body takes the list in its query, `?members=[…]`. The header is `Authorization: Bearer sk_…` with a key of `npx signalbox keys create hightouch`.',
    'Rate limit: 60 requests a second or more. Signalbox sets no limit of its own for a source.',
  ],
  templates: [
    {
      title: 'A row to this source',
      language: 'liquid',
      text: '{ "type": "row.added", "user_id": "{{ row.user_id }}", "name": "{{ row.name }}", "email": "{{ row.email }}" }',
    },
    {
      title: 'A member of an audience, by the REST API',
      language: 'liquid',
      text: '{ "members": [ { "user": { "id": "{{ row.user_id }}" }, "tenant": "{{ row.tenant_id }}" } ] }',
    },
  ],
  secret: { from: 'generated', where: "the destination's headers, as `Authorization: Bearer SECRET`" },
  eventType: {
    rule: 'A row has the type that the field `type` says. Your template has to set it. Events of Hightouch Events have the type `track/` and their name, or their type in lower case.',
    examples: ['row.added', 'row.changed', 'row.removed', 'track/Order Completed'],
  },
  key: '`messageId` of events of Hightouch Events; none for rows',
  defaultMappings: [
    rowIdentifyMapping('row.added', 'row-added', postedRows),
    rowIdentifyMapping('row.changed', 'row-changed', postedRows),
    rowDeleteMapping('row.removed', 'row-removed', postedRows),
  ],
  behaviour: {
    timeout: 'The sync says how long Hightouch waits for an answer: 30 s in its example.',
    retries:
      'The sync also says what is sent again: `onError: retryRequest` with a number of retries. Rows that failed come again with its next run.',
    drops: 'Which answers Hightouch gives up on by default is not documented.',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'The embedded destination, which calls methods by JSON-RPC, is not supported: such a request is answered 400 (`event_invalid`). Use an HTTP Request destination.',
    'The first run of a sync (backfill) can send every row of the model.',
    'Templates make text of numbers and `""` of null. A quotation mark in a value breaks the JSON of the body, which is answered 400.',
    'Columns that are null or `""` count as not there. `body` has the row as it came.',
    'Two copies of a row both run, because nothing tells them from two changes. To change that, put an id into the body and name it in `idempotency_key_path`.',
    'The user id is the column `user_id`, else `userId`, else `id`. `data` is the row: the body without `type`, or the map under `row` or `data`, unless the body names the user itself: then the map is a column.',
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
