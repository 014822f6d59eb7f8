import type { JsonObject } from '../json/values.ts';
import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { postedRows, rowDeleteMapping, rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about:
    'Sends rows of a model of your warehouse when they are added, changed or removed: from an HTTP Request destination, whose rows your mappings read, or as an Embedded Destination, which stores them by itself.',
  setup: [
    'In Hightouch, add a destination of type HTTP Request. URL: {url}',
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
  destination: {
    title: 'Embedded Destination',
    about:
      'Fills audiences, users, tenants and objects without a mapping, with a form of its own. It is a preview: what the methods take and give is known from samples of 2021 alone. Try it with one audience first. [Syncs of reverse-ETL tools](../destinations.md) says what each row does.',
    docs: 'https://hightouch.com/docs/destinations/custom',
    setup: [
      'Write `destination: { preview: true }` into the file of the source, and commit it',
      'In Hightouch, add a destination of type Embedded Destination. URI: {url}/rpc, which is the URL of the source with `/rpc` behind it',
      'Headers: `Authorization` with the value `Bearer SECRET`, the secret of the source',
      'Or with a key of the environment: the URL of the stack (`IngestUrl`) with `/v1/integrations/hightouch/embedded-destination` behind it, and the key as the bearer (`npx signalbox keys create hightouch`). `?source=KEY` names the source; without it, it is the only one of this kind.',
      'Add a sync: choose the model, then an object and a mode',
      'Map the identifier (User ID, Tenant ID or Object ID) to the column that holds it; it need not be the primary key of the model. Map the other fields. Columns without a mapping are not sent on',
      'Fill in the option: Audience Key, or Collection. An audience that is not there is made, unless the file says `create_audiences: false`',
      'To let a mirror delete users, tenants and objects, add `deletes: true` to the destination in the file, and commit it',
    ],
    shows: [
      {
        press: 'Test',
        shows: 'Whether the URI and the header are right. A preview that is off says how to switch it on.',
      },
      {
        press: 'Reload form',
        shows: 'The objects, modes and fields as they are now: press it after the file of the source has changed.',
      },
      {
        press: 'The mode',
        shows: 'Insert only and Mirror for audiences; Upsert for the others, and Mirror only with `deletes: true`.',
      },
      {
        press: 'Save',
        shows:
          'What is wrong with the sync, a sentence each: no audience key, no column for the identifier, an unknown mode.',
      },
      {
        press: 'Run',
        shows:
          'Rejected rows with the sentence of each under `_error`; Hightouch sends them again. `npx signalbox events --source {key}` shows all rows.',
      },
    ],
  },
  pitfalls: [
    'A method call at the URL for rows is answered 400 (`event_invalid`): add `/rpc` to it.',
    'Rows of an Embedded Destination have `preprocess.object`: users, audiences and so on. Rows of an HTTP Request destination have none, which the default mappings look for.',
    "Hightouch's own Knock destination asks for no base URL, so it cannot be pointed here.",
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
