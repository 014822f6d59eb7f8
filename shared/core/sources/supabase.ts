import * as z from 'zod';
import { eventTimeMs } from '../event-time.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { sharedHeader } from '../signatures/shared-header.ts';
import { firstPresent } from './parts/present.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

const json = z.custom<JsonValue>().optional();
const row = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

const Payload = z
  .object({ type: json, table: json, schema: json, record: row, old_record: row })
  .transform(({ record, old_record, schema, ...rest }) => ({
    ...rest,
    // Postgres' own default, since hand-written triggers leave the schema out.
    schema: firstPresent(schema) ?? 'public',
    // A deleted row is only in `old_record`.
    row: record ?? old_record,
  }));
type Payload = z.infer<typeof Payload>;

const isAuthUser = ({ schema, table }: Payload) => schema === 'auth' && table === 'users';

/**
 * Supabase, database webhook: one changed row per request.
 * https://supabase.com/docs/guides/database/webhooks
 */
export const supabase = defineSource({
  id: 'supabase',
  title: 'Supabase',
  docs: 'https://supabase.com/docs/guides/database/webhooks',
  // Supabase does not sign; a webhook can send any header.
  verifier: sharedHeader('x-webhook-secret'),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  // A row of auth.users holds a password's hash, and tokens that confirm and recover an account.
  redact: ['encrypted_password', '*_token*'],
  payload: Payload,
  eventType(payload) {
    const parts = [
      typeText('schema', payload.schema),
      typeText('table', payload.table),
      typeText('type', payload.type),
    ];
    const [schema, table, type] = parts;
    const problem = parts.find((part) => typeof part === 'object');
    return problem ?? (table === undefined || type === undefined ? undefined : `${schema}.${table}:${type}`);
  },
  // Supabase sends no id and no copies. No part of a change is unique: within a transaction's one
  // `updated_at` a row can be inserted, deleted and inserted again, or change back. A key made of
  // it would lose changes.
  idempotencyKeyPaths: [],
  userId: (payload) => (isAuthUser(payload) ? payload.row?.id : payload.row?.user_id),
  data: ({ row }) => row,
  preprocess: ({ row }) => ({ ...(row && { record: row }) }),
  // In other tables the column need not change with the row, and in a deleted row it is older than
  // the delete.
  occurredAtMs: (payload) =>
    isAuthUser(payload) && payload.type !== 'DELETE' ? eventTimeMs(payload.row?.updated_at) : undefined,
});
