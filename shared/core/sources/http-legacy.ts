import * as z from 'zod';
import { eventTimeMs } from '../event-time.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { unsigned } from '../signatures/unsigned.ts';
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

/** The contract's form: `type` is `track`, and `event` names what happened. */
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
 * The HTTP endpoint of the first generation: one track event per request, answered 204, and 400 for
 * anything else. https://docs.knock.app/integrations/sources/http-legacy
 */
export const httpLegacy = defineSource({
  id: 'http-legacy',
  title: 'HTTP (legacy)',
  docs: 'https://docs.knock.app/integrations/sources/http-legacy',
  verifier: unsigned('the contract knows no secret but the URL'),
  // Like all sources of this generation: copies run until the check is switched on. It has no
  // identify switch.
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
  occurredAtMs: ({ timestamp }) => eventTimeMs(timestamp),
});
