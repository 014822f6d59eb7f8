import { never, type Sample, type SampleMaker, type SampleUser, type SourceGuide } from './guide.ts';
import { rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about: 'Sends the rows of a model of your warehouse, changed ones at every run of a sync. Each row is an event.',
  setup: [
    'In Polytomic, go to Connections, Add Connection, Webhook.',
    'URL: {url}',
    'Copy the secret that it shows, and set it here: `npx signalbox secrets set {key}`.',
    'Create a model sync to this connection: the target object is `http`, the mode `updateOrCreate`, and each field has the target `record`. Fields called `user_id`, `name` and `email` fit the default mapping.',
    'Run the sync once. A run that fails says why in Polytomic; `npx signalbox events --source {key}` shows what arrived.',
  ],
  secret: { from: 'vendor', where: 'the webhook connection, where you hover over the secret key' },
  eventType: {
    rule: 'The event type is the field `event`, which is `sync.records` for every row.',
    examples: ['sync.records'],
  },
  key: 'the id of the sync, the hash of the record and what it holds, and the time of the request (the header `Polytomic-Signature-Timestamp`)',
  defaultMappings: [rowIdentifyMapping('sync.records', 'sync-records')],
  behaviour: {
    timeout: 'Polytomic does not say how long it waits for an answer.',
    retries:
      'It documents no retries. Any 4xx or 5xx fails the whole sync; its next run sends what has changed by then.',
    drops: 'What it drops is not documented.',
    sendsAgainAfter: never,
  },
  pitfalls: [
    'Any 4xx or 5xx fails the sync. A row that cannot be used is accepted all the same, and its own log row says why. A request is refused as a whole for a wrong secret, a body that is not JSON, more than 10,000 records, or a record too large for any event.',
    'A record that left the model is not reported. To forget users, send a column that says so, and map it: `when: [{ path: data.deleted, is: true }]`.',
    'The secret looks like a JSON Web Token and is compared as text, whole. Polytomic may compress the body; it is read as it would be otherwise.',
    'Nothing says whether a row was added or changed. To tell syncs apart, use their names: `when: [{ path: body.object.name, is: … }]`.',
    'A record that goes back to an earlier state runs again. A request that comes twice does not.',
    'Columns that are null or `""` count as not there. `body.fields` has the row as it came.',
    'Polytomic strips characters such as `$` from the names of fields unless told not to.',
    'The user id is the field `user_id`, else `userId`, else `id`. Set `user_id_path: body.fields.your_field` for another one.',
  ],
  samples: {
    headers: { 'content-type': 'application/json', 'user-agent': 'Polytomic/rel2026.05.04' },
    identify: (user, make) => sample(user, make),
    ofType: (eventType, user, make) => (eventType === 'sync.records' ? sample(user, make) : undefined),
    mix: [{ eventType: 'sync.records', weight: 1 }],
  },
};

function sample(user: SampleUser, make: SampleMaker): Sample {
  const sync = '3f6a0f0e-60c5-4c19-9a7c-2c7a1f4f2f10';
  const hash = make.uuid().replaceAll('-', '').slice(0, 16);
  const body = {
    event: 'sync.records',
    object: { id: sync, name: 'Members to notifications', records: [{ hash, fields: sampleRow(user, make) }] },
  };
  return { eventType: 'sync.records', messageId: `${sync}:${hash}`, userId: user.id, body };
}
