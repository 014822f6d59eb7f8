import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';

const yamlExample = `What no path can say is made by an expression, and read as preprocess.…:
\`\`\`yaml
kind: http
name: Deploys
event_type_path: preprocess.type
idempotency_key_path: preprocess.key
user_id_path: body.actor.login
verification: { kind: hmac, header: x-hub-signature-256, prefix: "sha256=" }
headers: [x-github-event, x-github-delivery]
redact: ["*_token", password]
preprocess:
  jsonata: |
    {
      "type": $lookup(headers, "x-github-event") & "." & body.action,
      "key": $lookup(headers, "x-github-delivery"),
      "reviewers": body.pull_request.requested_reviewers.login[]
    }
mappings:
  - id: review-requested
    event: pull_request.review_requested
    action: workflows_trigger
    parameters: { key: review-requested, recipients: preprocess.reviewers, data: body.pull_request }
\`\`\``;

export const guide: SourceGuide = {
  category: 'Custom',
  about: 'Takes JSON from any service of yours or of others, with everything about it said in its file.',
  setup: [
    'Post each event as a JSON object, or several as a list, to {url}',
    'Say in sources/{key}.yaml where things are, as far as they are not where they are looked for: `event_type_path: body.kind`, `user_id_path: body.actor.id`, `timestamp_path: body.at`, `idempotency_key_path: body.event_id`.',
    'Say how requests are checked, one of: `verification: { kind: header, header: x-webhook-secret }`; `{ kind: bearer }`; `{ kind: basic }`; `{ kind: standard-webhooks }`; `{ kind: hmac, header: x-signature, algorithm: sha256, encoding: hex, prefix: "sha256=" }`; with a signed time: `{ kind: hmac, header: x-signature, content: "{timestamp}.{body}", timestamp: { header: x-timestamp } }`.',
    'Set the secret: `npx signalbox secrets set sources/{key}`. What is declared is enforced from then on; without a secret every request is answered 503.',
    yamlExample,
    'Try it on a payload before it goes live: `npx signalbox mapping test`',
  ],
  secret: { from: 'chosen', where: 'the sender, in the way that `verification` declares' },
  eventType: {
    rule: 'What is at `event_type_path`, as sent; `body.type` by default.',
    examples: ['user.identified', 'task.assigned'],
  },
  key: 'none until `idempotency_key_path` names one: text of 1 to 255 characters',
  defaultMappings: [
    {
      about: 'Keeps the user current.',
      mapping: {
        id: 'user-identified',
        event: 'user.identified',
        action: 'users_identify',
        parameters: {
          id: 'body.user_id',
          name: 'body.name',
          email: 'body.email',
          properties: 'body.metadata',
        },
      },
    },
  ],
  behaviour: {
    retries: 'as the sender does. Right: 429, 5xx, and no answer',
    schedule: 'as the sender does. Right: with growing waits, for hours',
    drops: 'as the sender does. A 4xx stays one however often it is sent',
    timeout: 'as the sender does. Answers take milliseconds; 5 s is plenty',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'Without `verification` whoever knows the URL can send.',
    'Without `idempotency_key_path` every copy runs, so a sender that tries again needs one.',
    '`data` is the map `data` of the body; other fields are read as `body.…`.',
    'An expression under `preprocess` is JSONata over `{ body, headers, preprocess }`. It must make a map, takes 500 ms at most, and knows no regular expressions, $eval, $random or $shuffle; $now and $millis are when the event was received. When it fails, the event goes on without it and its row says why (`preprocess_error`).',
    'An event whose type was to come from an expression that failed is rejected with `preprocess_failed`.',
    'Only headers named in `headers` are kept with the event, for paths and expressions to read.',
  ],
  samples: {
    headers: { 'content-type': 'application/json' },
    identify: (user, make) => identify(user, make),
    ofType(eventType, user, make) {
      if (eventType === '') return undefined;
      return eventType === 'user.identified' ? identify(user, make) : assigned(eventType, user, make);
    },
    mix: [
      { eventType: 'task.assigned', weight: 90 },
      { eventType: 'user.identified', weight: 10 },
    ],
  },
};

function identify({ id, name, email }: SampleUser, make: SampleMaker): Sample {
  const messageId = make.uuid();
  const body = {
    type: 'user.identified',
    event_id: messageId,
    occurred_at: new Date(make.nowMs).toISOString(),
    user_id: id,
    name,
    email,
    metadata: { plan: 'pro' },
  };
  return { eventType: 'user.identified', messageId, userId: id, body };
}

function assigned(eventType: string, { id }: SampleUser, make: SampleMaker): Sample {
  const messageId = make.uuid();
  const body = {
    type: eventType,
    event_id: messageId,
    occurred_at: new Date(make.nowMs).toISOString(),
    user_id: id,
    data: { task_id: `T-${make.int(1, 1000)}`, title: 'Check wiring', assigned_to: id },
  };
  return { eventType, messageId, userId: id, body };
}
