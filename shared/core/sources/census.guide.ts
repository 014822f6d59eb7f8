import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { rowDeleteMapping, rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about: 'Sends records of your warehouse when they are added, changed or removed, from an HTTP Request destination.',
  setup: [
    'In Census, add a destination of type HTTP Request with the method POST and the endpoint {url}',
    'Add a header to the destination: `Authorization` with the value `Bearer SECRET`. `sources add` makes the secret and shows it once; `npx signalbox secrets set {key} --generate` makes another.',
    'Payload: columns as top-level keys, or a template, for one record or for many. The first template below takes as many records as Census puts into a request. Name your own columns; the case of letters counts.',
    'For removed records, make a second sync whose template says `"type": "record.delete"`.',
    'To fill an audience without a source, call the REST API: endpoint `https://…/v1/audiences/vip/members?create_audience=true`, header `Authorization: Bearer sk_…` with a key of `npx signalbox keys create census`, and the second template.',
    'Optional: send the lifecycle webhooks of syncs (sync.started, sync.completed) to the same URL.',
  ],
  templates: [
    {
      title: 'Many records to this source',
      language: 'liquid',
      text: `{ "type": "record.upsert", "records": [
{% for record in records %}
  { "user_id": "{{ record['user_id'] }}", "name": "{{ record['name'] }}", "email": "{{ record['email'] }}" }{% unless forloop.last %},{% endunless %}
{% endfor %}
] }`,
    },
    {
      title: 'Members of an audience, by the REST API (method POST)',
      language: 'liquid',
      text: `{ "members": [
{% for record in records %}
  { "user": { "id": "{{ record['user_id'] }}" }, "tenant": "{{ record['tenant_id'] }}" }{% unless forloop.last %},{% endunless %}
{% endfor %}
] }`,
    },
    {
      title: 'Members who left, by the REST API (method DELETE, in the endpoint, since Census sends no body with it)',
      language: 'liquid',
      text: `https://…/v1/audiences/vip/members?members=[{% for record in records %}{"user":{"id":"{{ record['user_id'] }}"}}{% unless forloop.last %},{% endunless %}{% endfor %}]`,
    },
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
    'Templates make text of numbers and `""` of null, which counts as not there. A quotation mark in a value breaks the JSON of the body, which is answered 400.',
    'A request line may have 10 KB, so a DELETE with members in it holds some 200 of them: set the batch size of that sync to 100.',
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
