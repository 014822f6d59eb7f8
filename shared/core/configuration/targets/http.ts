import * as z from 'zod';
import { headerName } from '../header-name.ts';
import { defineTarget } from './target.ts';

function hasNoCredentials(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

/**
 * Headers of a target's requests: valid HTTP headers, except those that the connection or we set.
 */
const TargetHeaders = z.record(z.string(), z.string()).superRefine((headers, context) => {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const earlier = given.get(name.toLowerCase());
    const problem =
      earlier === undefined
        ? headerProblem(name, value)
        : `is the header ${earlier} again; names of headers have no case`;
    given.set(name.toLowerCase(), name);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, path: [name] });
  }
});

/** Why a request cannot have this header; undefined when it can. */
function headerProblem(name: string, value: string): string | undefined {
  const lower = name.toLowerCase();
  if (!headerName.test(lower)) return 'cannot be the name of a header; write letters, digits and hyphens, as in x-team';
  if (ofConnection.has(lower)) return 'is for the connection, which sets it itself; leave it out';
  if (lower.startsWith('webhook-')) return 'is set by the signature of each request; leave it out';
  if (lower === 'content-type' && value.toLowerCase() !== 'application/json')
    return 'is always application/json; leave it out';
  if (/[\r\n]/.test(value)) return 'has a line break, which no request can carry in a header';
  // Node and HTTP/1.1 send bytes: https://www.rfc-editor.org/rfc/rfc9110#name-field-values
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the very thing that must not be there
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value))
    return 'has a control character, which no request can carry in a header';
  if ([...value].some((sign) => sign.charCodeAt(0) > 0xff))
    return 'has a character beyond Latin-1, which no request can carry in a header; encode it';
  if (value.trim() !== value) return 'begins or ends with a space, which no receiver gets to see';
  return undefined;
}

/**
 * Hop by hop, or derived from the URL and the body:
 * https://www.rfc-editor.org/rfc/rfc9110#field.connection
 */
const ofConnection = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A signed POST for each run, or for many. https://www.standardwebhooks.com */
export const http = defineTarget({
  schema: z.strictObject({
    type: z.literal('http').describe('POST each run, signed per Standard Webhooks.'),
    url: z
      .url({ protocol: /^https?$/ })
      .refine(
        hasNoCredentials,
        'must not hold a user or a password: the file is in git, and no request would send them. Requests are signed',
      )
      .describe('Where to; https and a public address, except in a local run.'),
    timeout_seconds: z.number().positive().max(20).default(5).describe('How long one request may take.'),
    headers: TargetHeaders.default({}).describe('Sent along. No place for secrets: the file is in git.'),
    batch: z
      .strictObject({ max: z.int().min(1).max(100).describe('Most runs in one request.') })
      .optional()
      .describe('One request for many runs of a trigger, as type `workflow.runs`. Default: a request for each run.'),
  }),
  secret: { sharedWith: 'the target', isSigningKey: true },
  addressOf: ({ url }) => url,
});
