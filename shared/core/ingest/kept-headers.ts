import { redactedText, redactionOf } from '../json/redact-members.ts';
import type { PreparedSource } from '../live/prepared.ts';

const keptAlways = ['content-type', 'user-agent', 'x-request-id'];

// Credentials of any kind. They would end up in log rows that many people may read.
const keptNever = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-amz-security-token',
]);

/**
 * The request headers that stay with an event, for mappings and people; an allow-list. It holds
 * those that every event keeps, those of the kind, those in the source's file, and those that its
 * configuration reads. Credentials are never kept. The value of a header whose name the source
 * redacts is blotted out.
 *
 * @param headers names in lower case
 */
export function keptHeaders(
  headers: Record<string, string>,
  source: Pick<PreparedSource, 'kind' | 'file' | 'verifier' | 'redact' | 'namedHeaders'>,
): Record<string, string> {
  const { kind, file, verifier } = source;
  const names = new Set([...keptAlways, ...(kind?.keptHeaders ?? []), ...file.headers, ...source.namedHeaders]);
  const isRedacted = redactionOf(source.redact);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
      const isCredential = keptNever.has(name) || verifier.credentialHeaders.includes(name);
      if (value === undefined || isCredential) return [];
      // Fields are written with underscores, headers with hyphens.
      return [[name, value !== '' && isRedacted(name.replaceAll('-', '_')) ? redactedText : value]];
    }),
  );
}
