import * as z from 'zod';

/**
 * A call of a method. It is checked by the protocol, whose errors vendors show, and not by this
 * schema: what stands here is for the document.
 */
export const RpcRequest = z.unknown().meta({
  id: 'RpcRequest',
  type: 'object',
  required: ['jsonrpc', 'id', 'method'],
  properties: {
    jsonrpc: { const: '2.0' },
    id: { type: ['string', 'number'] },
    method: { type: 'string' },
    params: { type: 'object' },
  },
});

const id = z.union([z.string(), z.number(), z.null()]);

export const RpcAnswer = z
  .union([
    z.object({ jsonrpc: z.literal('2.0'), id, result: z.unknown() }),
    z.object({
      jsonrpc: z.literal('2.0'),
      id,
      error: z.object({
        code: z.int(),
        message: z.string(),
        data: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
      }),
    }),
  ])
  .meta({ id: 'RpcAnswer' });
