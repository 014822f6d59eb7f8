import * as z from 'zod';
import { isoTimeMs } from '../iso-time.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { sharedHeader } from '../signatures/shared-header.ts';
import { composedKey } from './parts/composed-key.ts';
import { firstPresent } from './parts/present.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

const json = z.custom<JsonValue>().optional();
const row = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

const Payload = z
  .object({ type: json, table: json, schema: json, record: row, old_record: row })
  .transform(({ record, old_record, schema, ...rest }) => ({
    ...rest,
    // Postgres' own default; hand-written triggers leave the schema out.
    schema: firstPresent(schema) ?? 'public',
    // A deleted row is only in `old_record`.
    row: record ?? old_record,
    before: record && old_record,
  }));
type Payload = z.infer<typeof Payload>;

const isAuthUser = ({ schema, table }: Payload) => schema === 'auth' && table === 'users';

/**
 * Whether `updated_at` tells this change of a row from its other changes. Of an update of a table of one's own only the
 * change of the column itself shows that it is kept; where it is not, two updates would be one key, and one of them lost.
 */
const isVersioned = (payload: Payload) =>
  payload.type !== 'UPDATE' ||
  isAuthUser(payload) ||
  (firstPresent(payload.before?.updated_at) !== undefined && payload.before?.updated_at !== payload.row?.updated_at);

/**
 * Supabase, database webhook: one changed row to a request.
 * https://supabase.com/docs/guides/database/webhooks
 */
export const supabase = defineSource({
  id: 'supabase',
  title: 'Supabase',
  docs: 'https://supabase.com/docs/guides/database/webhooks',
  // Nothing is signed; a webhook sends any header.
  verifier: sharedHeader('x-webhook-secret'),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  // A row of auth.users holds the hash of a password, and tokens that confirm and recover an account.
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
  // It sends no key and nothing twice; a trigger that fires twice, or a change that somebody posts again, is a copy all the same.
  idempotencyKeyPaths: ['preprocess.idempotency_key'],
  userId: (payload) => (isAuthUser(payload) ? payload.row?.id : payload.row?.user_id),
  data: ({ row }) => row,
  preprocess(payload) {
    const { type, row } = payload;
    const key = isVersioned(payload) ? composedKey(type, row?.id, row?.updated_at) : undefined;
    return { ...(row && { record: row }), ...(key !== undefined && { idempotency_key: key }) };
  },
  // Elsewhere nobody promises that the column changes with the row, and that of a deleted row is older than the delete.
  occurredAtMs: (payload) =>
    isAuthUser(payload) && payload.type !== 'DELETE' ? isoTimeMs(payload.row?.updated_at) : undefined,
});
