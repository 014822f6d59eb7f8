import * as z from 'zod';

const HeaderName = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of a header, such as x-signature');

/**
 * How requests of a source are checked, for senders whose kind does not define it. It is data only,
 * so a file cannot leave out a step of the check.
 */
export const Verification = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none').describe('No check: knowing the URL is enough to send.') }),
  z.strictObject({
    kind: z.literal('header').describe('The secret itself, in a header.'),
    header: HeaderName.default('x-webhook-secret').describe('Where the secret is.'),
  }),
  z.strictObject({ kind: z.literal('bearer').describe('`Authorization: Bearer <secret>`.') }),
  z.strictObject({ kind: z.literal('basic').describe('`Authorization: Basic …`; the secret is user:password.') }),
  z
    .strictObject({
      kind: z.literal('hmac').describe('A signature over the body, made with the secret.'),
      header: HeaderName.describe('Where the signature is.'),
      algorithm: z.enum(['sha1', 'sha256', 'sha512']).default('sha256').describe('Of the HMAC.'),
      encoding: z.enum(['hex', 'base64']).default('hex').describe('How the signature is written.'),
      prefix: z.string().optional().describe('What stands in front of the signature: `sha256=`.'),
      content: z
        .string()
        .default('{body}')
        .refine((text) => text.split('{body}').length === 2, 'must hold {body} once')
        .refine(
          (text) => !/\{(?!body\}|timestamp\}|id\})/.test(text),
          'may hold {body}, {timestamp} and {id}; other text stands for itself',
        )
        .refine(
          (text) => !/\{id\}[A-Za-z0-9]*\{|\}[A-Za-z0-9]*\{id\}/.test(text),
          'must hold a separator such as "." beside {id}: without one its last letters could be read as what follows, and a signature would hold for another id',
        )
        .describe('What is signed: `{timestamp}.{body}`.'),
      timestamp: z
        .strictObject({
          header: HeaderName.describe('Where the time is.'),
          unit: z.enum(['seconds', 'milliseconds']).default('seconds').describe('Since 1970.'),
          tolerance_seconds: z
            .number()
            .positive()
            .max(3600)
            .default(300)
            .describe('How old a request may be, and how far ahead of our clock.'),
        })
        .optional()
        .describe('When it was signed; without one an old request can be sent again.'),
      id_header: HeaderName.optional().describe('Where `{id}` is.'),
      key: z
        .enum(['text', 'base64'])
        .default('text')
        .describe('base64: the secret stands for bytes; whsec_ may be in front.'),
    })
    .refine(({ content, timestamp }) => content.includes('{timestamp}') === (timestamp !== undefined), {
      path: ['content'],
      message: 'must hold {timestamp} where timestamp is set, and only there: a time that is not signed proves nothing',
    })
    .refine(({ content, id_header }) => content.includes('{id}') === (id_header !== undefined), {
      path: ['content'],
      message: 'must hold {id} where id_header is set, and only there',
    }),
  z.strictObject({
    kind: z
      .literal('standard-webhooks')
      .describe('webhook-id, webhook-timestamp and webhook-signature, as standardwebhooks.com says.'),
  }),
]);
export type Verification = z.infer<typeof Verification>;
