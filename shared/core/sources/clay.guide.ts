import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';

export const guide: SourceGuide = {
  category: 'Token sender',
  about: 'Sends rows of a table, such as enriched leads, from an enrichment column of type HTTP API.',
  setup: [
    'In the Clay table, add an enrichment column of type HTTP API with method POST.',
    'Endpoint: {url}',
    'Headers: Authorization with the value `Bearer`, a space and the secret that you set with `npx signalbox secrets set sources/{key}`.',
    'Body: a JSON object of the columns you want, with a field `event` that names the type: `{"event": "lead.enriched", "email": …, "full_name": …}`.',
    'Run one row and look at it with `npx signalbox events list --source {key}`.',
  ],
  secret: { from: 'generated', where: "the column's headers: Authorization: Bearer …" },
  eventType: {
    rule: 'The field `event` of the body, which your template has to set.',
    examples: ['lead.enriched', 'account.enriched', 'lead.high_intent'],
  },
  key: 'none: a row that is run again is meant to run again. Put the id of the row into the body and name it in `idempotency_key_path` to have copies told apart',
  defaultMappings: [
    {
      about: 'Keeps the lead as a user, known by the email address. Columns without a value change nothing.',
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
    retries: 'not documented by Clay; assume nothing, and run the row again',
    schedule: 'not documented by Clay',
    drops: 'whatever is refused, until the row is run again',
    timeout: 'not documented by Clay',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'A column without a value arrives as "", which counts as not there: a lead without an email address is skipped with `required_field_missing`.',
    'Numbers put into a template arrive as text.',
    'A quote in a value can break the JSON of the body, which is answered 400.',
    'Clay keeps the answer in the cell: the ids of the events.',
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
