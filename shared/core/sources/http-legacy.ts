import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { unsigned } from '../signatures/unsigned.ts';
import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { isoTimeMs } from './parts/iso-time.ts';
import { defineSource, type FieldProblem, typeName } from './source.ts';

const json = z.custom<JsonValue>().optional();

const Payload = z.object({
  type: json,
  event: json,
  userId: json,
  properties: z.custom<JsonObject>(isJsonObject).optional().catch(undefined),
  timestamp: json,
});
type Payload = z.infer<typeof Payload>;

/** What the contract asks for: `type` is `track`, and `event` names what happened. */
function problemIn({ type, event }: Payload): FieldProblem | undefined {
  if (type !== 'track') {
    const got = typeof type === 'string' && type !== '' ? `"${type.slice(0, 40)}"` : typeName(type);
    return { field: 'type', got, wanted: '"track", the only type that is accepted here' };
  }
  if (typeof event !== 'string' || event === '') {
    const got = event === '' ? 'the empty text' : typeName(event);
    return { field: 'event', got, wanted: 'text, the name of the event' };
  }
  return undefined;
}

/**
 * The HTTP endpoint of the first generation: one track event to a request, answered 204, and 400 for what is none.
 * https://docs.knock.app/integrations/sources/http-legacy
 */
export const httpLegacy = defineSource({
  id: 'http-legacy',
  title: 'HTTP (legacy)',
  docs: 'https://docs.knock.app/integrations/sources/http-legacy',
  verifier: unsigned('the contract knows no secret but the URL'),
  // As sources of this generation are: copies run until somebody switches the check on. There is no identify to switch.
  settings: { enforcement: 'off', idempotency: false, identify: false },
  keptHeaders: [],
  single: true,
  answer: 'no_content',
  refuses: problemIn,
  payload: Payload,
  eventType: (payload) => problemIn(payload) ?? String(payload.event),
  idempotencyKeyPaths: ['body.messageId'],
  userId: ({ userId }) => userId,
  data: ({ properties }) => properties,
  occurredAtMs: ({ timestamp }) => isoTimeMs(timestamp),
});

/** For people and tools: set-up, defaults, samples. */
export const guide = (): SourceGuide => ({
  category: 'Custom',
  about:
    'Takes track events from senders that were made for the HTTP source of the first generation. For anything new take `http`.',
  setup: [
    'Post each event, one to a request, to {url}',
    'Body: `{"type": "track", "event": "shift.published", "userId": "mgr-3", "messageId": "sh-7781", "timestamp": "2026-05-04T09:45:00Z", "properties": {…}}`. `type` and `event` are required.',
    'Copies run again until you say otherwise: `npx signalbox settings set {key} --idempotency on` compares `messageId`.',
  ],
  eventType: { rule: 'The field `event` as sent, without a prefix.', examples: ['shift.published'] },
  key: '`messageId`, once idempotency is switched on',
  defaultMappings: [
    {
      about:
        'Starts a workflow for whom the event names. Describe recipients inline to make them users on the way: `recipients: { id: user_id, email: data.email }`.',
      mapping: {
        id: 'shift-published',
        event: 'shift.published',
        action: 'workflows_trigger',
        parameters: { key: 'shift-published', recipients: 'data.recipients', data: 'data' },
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
    'An accepted event is answered 204 without a body; the header x-signalbox-event-id names it.',
    'Identify is not accepted: any type but track is answered 400, and so is an event without a name, and a list.',
    'Only the URL is secret. Declare a `verification` in the file to ask for more.',
    '`data` is `properties`.',
  ],
  samples: {
    headers: { 'content-type': 'application/json' },
    ofType: (eventType, user, make) => (eventType === '' ? undefined : sample(eventType, user, make)),
    mix: [{ eventType: 'shift.published', weight: 1 }],
  },
});

/** Recipients are described inline, since no event of this kind makes them known before. */
function sample(event: string, { id, name, email }: SampleUser, make: SampleMaker): Sample {
  const messageId = make.uuid();
  const body = {
    type: 'track',
    event,
    userId: id,
    messageId,
    timestamp: new Date(make.nowMs).toISOString(),
    properties: { recipients: [{ id, name, email }], site: 'harbour', shift: `S-${make.int(1, 1000)}` },
  };
  return { eventType: event, messageId, userId: id, body };
}
