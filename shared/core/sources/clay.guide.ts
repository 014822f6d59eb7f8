import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';

export const guide: SourceGuide = {
  category: 'Token sender',
  about: 'Sends rows of a table, such as enriched leads, from an enrichment column of type HTTP API.',
  setup: [
    'In the Clay table, add an enrichment column of type HTTP API with the method POST.',
    'Endpoint: {url}',
    'Add a header to the column: `Authorization` with the value `Bearer SECRET`. `sources add` makes the secret and shows it once; `npx signalbox secrets set {key} --generate` makes another.',
    'Body: a JSON object of the columns you want, with a field `event` that names the type: `{"event": "lead.enriched", "email": …, "full_name": …}`.',
    'Run one row, and look at it with `npx signalbox events --source {key}`.',
  ],
  secret: { from: 'generated', where: "the column's headers, as `Authorization: Bearer SECRET`" },
  eventType: {
    rule: 'A row has the type that the field `event` of the body says. Your template has to set it.',
    examples: ['lead.enriched', 'account.enriched', 'lead.high_intent'],
  },
  key: 'none, because a row that is run again is meant to run again; to have copies recognised, put the id of the row into the body and name it in `idempotency_key_path`',
  defaultMappings: [
    {
      about: 'Keeps the lead as a user whose id is the email address. Columns that are null or "" change nothing.',
      mapping: {
        id: 'lead-enriched',
        event: 'lead.enriched',
        action: 'users_identify',
        parameters: {
          id: 'user_id',
          name: 'data.full_name',
          email: 'data.email',
          phone_number: 'data.phone_number',
          avatar: 'data.avatar_url',
          properties: 'data',
        },
      },
    },
  ],
  behaviour: {
    timeout: 'Clay does not say how long it waits for an answer.',
    retries: 'It does not say whether it sends anything again. Assume that it does not, and run the row again.',
    drops: 'A row that was refused is lost until it is run again.',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'A column without a value arrives as `""`, which counts as not there. A lead without an email address is skipped with `required_field_missing`.',
    'Numbers in a template arrive as text.',
    'A quotation mark in a value can break the JSON of the body, which is answered 400.',
    'Clay keeps the answer in the cell: the ids of the events.',
    'The columns are the body without `event`, or the map under `data`, unless the body has an `email` itself: then the map is a column. `body` has the row as it came.',
  ],
  samples: {
    headers: { 'content-type': 'application/json' },
    identify: (user, make) => sample('lead.enriched', user, make),
    ofType: (eventType, user, make) => (eventType === '' ? undefined : sample(eventType, user, make)),
    mix: [{ eventType: 'lead.enriched', weight: 1 }],
  },
};

/** A lead is known by the email address, so that one is its id. */
function sample(eventType: string, { id, name, email }: SampleUser, make: SampleMaker): Sample {
  const address = id.includes('@') ? id : email;
  const body = {
    event: eventType,
    full_name: name,
    email: address,
    phone_number: `+141555501${make.int(10, 100)}`,
    avatar_url: '',
    job_title: 'COO',
    company_name: 'Delta',
    company_domain: 'delta.example',
    employees: String(make.int(10, 900)),
  };
  return { eventType, messageId: make.uuid(), userId: address, body };
}
