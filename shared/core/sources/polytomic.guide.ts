import { never, type Sample, type SampleMaker, type SampleUser, type SourceGuide } from './guide.ts';
import { rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about: 'Sends the rows of a model of your warehouse, changed ones at every run of a sync. Each row is an event.',
  setup: [
    'In Polytomic, go to Connections, Add Connection, Webhook.',
    'URL: {url}',
    'Copy the secret that it shows and set it here: `npx signalbox secrets set sources/{key}`',
    'Create a model sync to this connection with the fields you want. Fields called user_id, name and email fit the default mapping.',
  ],
  secret: { from: 'vendor', where: 'the webhook connection in Polytomic: hover over the secret key' },
  eventType: { rule: 'The field `event`, which is `sync.records` for every row.', examples: ['sync.records'] },
  key: '`preprocess.idempotency_key`: the id of the sync and the hash of the record',
  defaultMappings: [rowIdentifyMapping('sync.records', 'sync-records')],
  behaviour: {
    retries: 'nothing that is documented: any 4xx or 5xx makes Polytomic declare the whole sync failed',
    schedule: 'the next run of the sync',
    drops: 'nothing that is documented',
    timeout: 'not documented by Polytomic',
    sendsAgainAfter: never,
  },
  pitfalls: [
    'Any 4xx or 5xx fails the sync. A row that nothing can be done with is accepted and explained by its own log row; what is refused as a whole is a wrong secret, a body that is not JSON, more than 10,000 records, and a record too large for any event.',
    'Nothing says whether a row was added or changed, nor which sync it is of but its name: tell syncs apart by `when: [{ path: body.object.name, is: … }]`.',
    'The hash is of what the row holds. A row that goes back to an earlier state within 24 h has its earlier key and counts as a copy; where that matters, switch keys off with `npx signalbox settings set {key} --idempotency off`.',
    'Polytomic strips characters such as $ from the names of fields unless told not to.',
    'The id of the user is the field `user_id`, else `userId` or `id`; set `user_id_path: body.fields.your_field` for another one.',
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
