import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';

const yamlExample = `What no path can say is computed by an expression, and read as \`preprocess.…\`:
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
  about: 'Takes JSON from any service. Its file says where everything is and how requests are checked.',
  setup: [
    'Post each event as a JSON object, or several as a list, to {url}',
    'If your fields have other names than the defaults, say in `sources/{key}.yaml` where they are: `event_type_path: body.kind`, `user_id_path: body.actor.id`, `timestamp_path: body.at`, `idempotency_key_path: body.event_id`.',
    'Say how requests are checked, with one of these: `verification: { kind: header, header: x-webhook-secret }`; `{ kind: bearer }`; `{ kind: basic }`; `{ kind: standard-webhooks }`; `{ kind: hmac, header: x-signature, algorithm: sha256, encoding: hex, prefix: "sha256=" }`; with a signed time: `{ kind: hmac, header: x-signature, content: "{timestamp}.{body}", timestamp: { header: x-timestamp } }`.',
    'Set the secret: `npx signalbox secrets set {key}`. A declared check is enforced from the start; until the secret is set, every request is answered 503.',
    yamlExample,
    'Try the file on a payload before it goes live: `npx signalbox mapping test {key} --payload event.json --draft files`.',
  ],
  secret: { from: 'chosen', where: 'the sender, in the form that `verification` declares' },
  eventType: {
    rule: 'The event type is what stands at `event_type_path`, as sent; `body.type` by default.',
    examples: ['user.identified', 'task.assigned'],
  },
  key: 'none until `idempotency_key_path` names one: a number, or text of 1 to 255 characters',
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
    timeout: 'Your sender decides how long it waits. Answers take milliseconds, so 5 s is plenty.',
    retries: 'Your sender should send again after 429, 5xx and no answer, with growing waits, for hours.',
    drops: 'It should drop an event after any other 4xx, because the same request is refused again.',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'Without `verification`, anyone who knows the URL can send.',
    'Without `idempotency_key_path` every copy runs, so a sender that tries again needs one.',
    'An HMAC covers the body, and the time and id that its `content` names. A key or type in any other header can be changed by someone who has seen a request: take the key from the body.',
    '`data` is the map `data` of the body. Other fields are read as `body.…`.',
    'An expression under `preprocess` is JSONata over `{ body, headers, preprocess }`. It must make a map and takes 500 ms at most. It knows no regular expressions, $eval, $random or $shuffle; $now and $millis are the time of receipt. When it fails, the event goes on without it, and its row says why (`preprocess_error`).',
    'An event whose type should have come from an expression that failed is rejected with `preprocess_failed`.',
    "Of the request's headers, those named in `headers` are kept with the event, for paths and expressions to read.",
    'Event types match exactly, spaces and case included. Blanks alone are no type.',
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
