import type { PreparedSource } from '../live/prepared.ts';

const keptAlways = ['content-type', 'user-agent', 'x-request-id'];

// Credentials of any kind. They would end up in log rows that many may read.
const keptNever = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-amz-security-token',
]);

/**
 * The request headers that stay with an event, for mappings to read and people to see; an allow-list. Those that the
 * source's configuration reads are on it without being listed.
 */
export function keptHeaders(
  headers: Record<string, string>,
  { kind, file, verifier, namedHeaders }: Pick<PreparedSource, 'kind' | 'file' | 'verifier' | 'namedHeaders'>,
): Record<string, string> {
  const names = new Set([...keptAlways, ...(kind?.keptHeaders ?? []), ...file.headers, ...namedHeaders]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
      const isCredential = keptNever.has(name) || verifier.credentialHeaders.includes(name);
      return value === undefined || isCredential ? [] : [[name, value]];
    }),
  );
}
