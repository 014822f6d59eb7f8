import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { postedRows, rowDeleteMapping, rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about:
    'Sends records of your warehouse when they are added, changed or removed: as a Custom Destination, which stores them by itself, or from an HTTP Request destination, whose rows your mappings read.',
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
  key: '`event_id` of workflow triggers; none for rows, because nothing tells two copies of a record from a record that changed back',
  defaultMappings: [
    rowIdentifyMapping('record.upsert', 'record-upsert', postedRows),
    rowDeleteMapping('record.delete', 'record-delete', postedRows),
  ],
  behaviour: {
    timeout: 'Census does not say how long it waits for an answer.',
    retries:
      "It sends again after 429, when the answer's Retry-After says so, and after 5xx: up to 7 times with growing waits. If it still fails after 5xx, the whole sync fails.",
    drops:
      'After any other 4xx it rejects all records of the request, and tries them again with the next run of the sync.',
    sendsAgainAfter: (status) => status === 429 || status >= 500,
  },
  destination: {
    title: 'Custom Destination',
    about:
      'Fills users, tenants, objects and audiences without a mapping, and starts workflows. Each record is stored before Census is told that it is done, so its sync history shows which records failed, and why. [Syncs of reverse-ETL tools](../destinations.md) says what each record does.',
    docs: 'https://developers.getcensus.com/custom-destinations/custom-destination-api',
    setup: [
      'In Census, choose Destinations, New Destination, Custom API. Name: any, such as Signalbox {environment}',
      'Webhook URL: {url}/rpc, which is the URL of the source with `/rpc` behind it',
      'Headers: `Authorization` with the value `Bearer SECRET`, the secret of the source. Put no secret into the query of the URL: Signalbox does not read it there.',
      'Or without a file: the URL of the stack (`IngestUrl`) with `/v1/integrations/census/custom-destination` behind it, and a key of the environment as the bearer (`npx signalbox keys create census`). `?source=KEY` names the source whose rows the records are; without it, it is the only one of this kind.',
      'API version: 1. Press Connect',
      'Add a sync: choose the model, Signalbox as the destination, and one of its objects',
      'Sync key: User ID, Tenant ID, Object ID or Event ID, which the object offers. Map the other fields; an audience key and a collection are usually constants',
      'To let a mirror delete users, tenants and objects, write `destination: { deletes: true }` into the file of the source, and commit it',
    ],
    shows: [
      {
        press: 'Connect, Test Connection',
        shows:
          'Green once the tables answer and something is committed; else the sentence of Signalbox: no configuration yet, a source that is switched off, several sources of this kind.',
      },
      {
        press: 'The list of objects',
        shows:
          'Audiences, Users, Tenants, Objects, Workflow triggers, in this order. Refresh it after an update of Signalbox.',
      },
      {
        press: 'The sync behaviour',
        shows:
          'Update or Create, Create Only, Update Only; for audiences Create Only and Mirror; for workflow triggers Create Only. Mirror of users, tenants and objects only with `deletes: true`.',
      },
      {
        press: 'Sync All Properties',
        shows:
          'For all objects but audiences: columns without a field of their own become properties, or the data of a trigger.',
      },
      {
        press: 'Run Test',
        shows: 'Sends one record. `npx signalbox events --source {key}` shows its row.',
      },
      {
        press: 'Run Sync Now',
        shows:
          'Rejected records with the sentence of each. `npx signalbox events --sync-run NUMBER` shows the rows of that run, with the number in the address of the run at Census.',
      },
    ],
  },
  pitfalls: [
    'A method call at the URL for rows is answered 400 (`event_invalid`): add `/rpc` to it.',
    'Records of a Custom Destination have `preprocess.object`: users, audiences and so on. Rows of an HTTP Request destination have none, which the default mappings look for.',
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
