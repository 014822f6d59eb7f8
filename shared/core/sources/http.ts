import { eventTimeMs } from '../event-time.ts';
import { isJsonObject } from '../json/values.ts';
import { unsigned } from '../signatures/unsigned.ts';
import { firstPresent } from './parts/present.ts';
import { AnyObject } from './parts/rows.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

/**
 * Any sender that posts JSON. The source's file states everything that differs from below: paths,
 * checks, an expression.
 */
export const http = defineSource({
  id: 'http',
  title: 'HTTP',
  docs: 'https://docs.knock.app/integrations/sources/http',
  verifier: unsigned('the source declares no verification, so only its URL is secret'),
  // A check that the file declares under `verification` is still enforced.
  settings: { enforcement: 'off' },
  keptHeaders: [],
  payload: AnyObject,
  eventType: ({ type }) => typeText('type', type),
  idempotencyKeyPaths: [],
  userId: ({ user_id, userId }) => firstPresent(user_id, userId),
  data: ({ data }) => (isJsonObject(data) ? data : undefined),
  occurredAtMs: ({ timestamp, occurred_at }) => eventTimeMs(timestamp) ?? eventTimeMs(occurred_at),
});
