import type { JsonObject } from '../json/values.ts';
import { never, type Sample, type SampleMaker, type SampleUser, type SourceGuide } from './guide.ts';

const identify = (id: string, event: string) => ({
  about: 'Keeps the user as Supabase Auth knows it. Properties are what the app wrote into the metadata of the user.',
  mapping: {
    id,
    event,
    action: 'users_identify',
    parameters: {
      id: 'body.record.id',
      email: { first: ['body.record.email'] },
      phone_number: { first: ['body.record.phone'] },
      name: { first: ['body.record.raw_user_meta_data.full_name', 'body.record.raw_user_meta_data.name'] },
      avatar: { first: ['body.record.raw_user_meta_data.avatar_url'] },
      properties: 'body.record.raw_user_meta_data',
    },
  },
});

export const guide: SourceGuide = {
  category: 'Webhook',
  about:
    'Sends each row that is inserted, updated or deleted in a table, from a database webhook (a trigger in Postgres).',
  setup: [
    'In the Supabase dashboard, create a database webhook for the table: auth.users, or one of your own.',
    'Choose the events Insert, Update, Delete as needed, type HTTP Request, method POST.',
    'URL: {url}',
    'Add the HTTP header `x-webhook-secret` with the secret as its value. `sources add` makes the secret and shows it once; `npx signalbox secrets set {key} --generate` makes another.',
    'Set the timeout to 5000 ms or more.',
  ],
  secret: { from: 'generated', where: "the webhook's HTTP headers, as `x-webhook-secret`" },
  eventType: {
    rule: 'The event type is `{schema}.{table}:{type}`. A body without a schema counts as `public`.',
    examples: ['auth.users:INSERT', 'auth.users:UPDATE', 'public.orders:DELETE'],
  },
  key: 'none, because Supabase sends nothing twice and no part of a change is its own; if you keep a column that is unique for each change, name it in `idempotency_key_path`',
  defaultMappings: [identify('user-inserted', 'auth.users:INSERT'), identify('user-updated', 'auth.users:UPDATE')],
  behaviour: {
    timeout: 'Supabase waits 1 s by default in SQL, 5 s in the dashboard, and 10 s at most.',
    retries: 'It sends nothing again.',
    drops: 'An event that is refused, or not answered in time, is lost for good.',
    retryHours: 0,
    sendsAgainAfter: never,
  },
  pitfalls: [
    'A refused request is a lost event, and a secret is enforced as soon as it is set. `sources add` sets one, so put it into the header before you create the webhook.',
    'The values of `encrypted_password` and of every column with `_token` in its name are blotted out before anything is stored. Name others in `redact`.',
    'A deleted row is in `old_record`. `data` and `preprocess.record` are the row in either case.',
    '`auth.users` is updated at every sign-in, so trigger workflows by other tables, or with a condition in `when`.',
    'The user id is the id of a row of auth.users, elsewhere the column `user_id`. Set `user_id_path` for another one.',
    'Nothing says when a row of your own tables changed, so it counts as changed when it was received. Set `timestamp_path` if you keep a column that says so.',
    'A Postgres trigger that fires twice runs twice.',
  ],
  samples: {
    headers: { 'content-type': 'application/json' },
    identify: (user, make) => sample({ schema: 'auth', table: 'users', type: 'INSERT' }, user, make),
    ofType(eventType, user, make) {
      const change = /^(?<schema>[^.:]+)\.(?<table>[^:]+):(?<type>INSERT|UPDATE|DELETE)$/.exec(eventType)?.groups;
      return change && sample(change as Change, user, make);
    },
    mix: [
      { eventType: 'auth.users:UPDATE', weight: 60 },
      { eventType: 'public.orders:INSERT', weight: 40 },
    ],
  },
};

type Change = { schema: string; table: string; type: string };

function sample({ schema, table, type }: Change, user: SampleUser, make: SampleMaker): Sample {
  const row = schema === 'auth' && table === 'users' ? authUser(user, make) : orderOf(user, make);
  const body = {
    type,
    table,
    schema,
    record: type === 'DELETE' ? null : row,
    old_record: type === 'INSERT' ? null : row,
  };
  return { eventType: `${schema}.${table}:${type}`, messageId: make.uuid(), userId: user.id, body };
}

function authUser({ id, name, email }: SampleUser, make: SampleMaker): JsonObject {
  const now = new Date(make.nowMs).toISOString().replace('Z', '+00:00');
  return {
    id,
    aud: 'authenticated',
    role: 'authenticated',
    email,
    phone: null,
    encrypted_password: '$2a$10$notARealHashOfAnything',
    confirmation_token: '',
    recovery_token: make.uuid(),
    raw_app_meta_data: { provider: 'email', providers: ['email'] },
    raw_user_meta_data: { full_name: name, plan: 'pro' },
    created_at: now,
    updated_at: now,
  };
}

function orderOf({ id }: SampleUser, make: SampleMaker): JsonObject {
  return { id: make.int(1, 1_000_000), user_id: id, status: 'paid', total: make.int(500, 20_000) / 100 };
}
