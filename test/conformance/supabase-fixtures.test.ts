import { describePayloads } from './real-payloads.ts';

const keyed = { idempotency_key_path: 'preprocess.idempotency_key' };

describePayloads('supabase', 'supabase', {
  'db-insert-auth-users.json': { events: [{ type: 'auth.users:INSERT', user: 'test-123' }] },
  'db-insert-no-schema.json': { events: [{ type: 'public.trade_offers:INSERT' }] },
  // No row of these has the time of its change, so there is no key to be chosen either.
  'db-insert-touch-log.json': { file: keyed, events: [{ type: 'public.touch_log:INSERT' }] },
  'db-update-null-old-record.json': { file: keyed, events: [{ type: 'public.clients:UPDATE' }] },
});
