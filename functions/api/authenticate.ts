import { readApiKey } from '../../shared/core/ids/api-key.ts';
import type { ApiKey, ApiKeys } from '../../shared/ports/api-keys.ts';
import type { Refused } from './answer.ts';

export type Authenticated = { kind: 'authenticated'; key: ApiKey };

/** One answer for every reason, so that it tells no stranger which keys exist. */
const unauthenticated: Refused = {
  kind: 'refused',
  status: 401,
  code: 'authentication_required',
  message: 'send a valid key of this environment as "Authorization: Bearer sk_…" (npx signalbox keys create NAME)',
};

/**
 * The key of a request. It costs one consistent read, so that a revoked key opens nothing from the
 * next request on, and none for text that cannot be a key. The body is not looked at before.
 * Decision: docs/decisions/0051-each-request-reads-its-key.md
 * @throws RetryableError when the table is throttled or unavailable
 */
export async function authenticate(
  authorization: string | undefined,
  keys: Pick<ApiKeys, 'find'>,
): Promise<Authenticated | Refused> {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  const named = token === undefined ? undefined : readApiKey(token);
  if (named === undefined) return unauthenticated;
  const key = await keys.find(named.hash);
  if (key === undefined || key.revokedAtMs !== undefined) return unauthenticated;
  if (key.kind === 'secret') return { kind: 'authenticated', key };
  const message = 'a public key opens no server call; send a secret key (sk_…)';
  return { kind: 'refused', status: 403, code: 'authorization', message };
}
