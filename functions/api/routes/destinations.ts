import * as z from 'zod';
import type { DestinationProtocol } from '../../../shared/core/destinations/destination.ts';
import { destinationProtocols } from '../../../shared/core/destinations/protocols/index.ts';
import { keptHeaders } from '../../../shared/core/ingest/kept-headers.ts';
import { destinationSource } from '../../../shared/core/live/destination-source.ts';
import { answerMethod } from '../answer-method.ts';
import { type ApiPorts, defineRoute, type Route } from '../route.ts';
import { RpcAnswer, RpcRequest } from '../shapes/rpc.ts';

/** Of a vendor's whole connection: it slows down before the gateway has to refuse. */
export function rateLimitHeader({ syncLimits }: Pick<ApiPorts, 'syncLimits'>): Record<string, string> {
  return { 'x-ratelimit-limit': String(syncLimits.requestsPerSecond) };
}

export const destinationRoutes: readonly Route[] = destinationProtocols.map((protocol) =>
  defineRoute({
    call: protocol.call,
    method: 'POST',
    path: protocol.path,
    does: protocol.does,
    permission: 'secret',
    params: z.object({}),
    query: z.object({
      source: z.string().optional().describe('Key of the source whose rows the records are. Default: the only one.'),
    }),
    body: RpcRequest,
    answer: RpcAnswer,
    mayBeEmpty: true,
    isLine: true,
    answerHeaders: rateLimitHeader,
    handle: ({ query, text, headers, request, ports }) =>
      answerByKey(protocol, query.source, text, headers, request, ports),
  }),
);

async function answerByKey(
  protocol: DestinationProtocol,
  named: string | undefined,
  text: string,
  headers: Record<string, string>,
  request: Parameters<typeof answerMethod>[0]['request'],
  ports: ApiPorts,
) {
  const found = destinationSource(await ports.configuration(), protocol.kind, named);
  const sender = {
    verification: 'enforced:verified',
    headers: found.kind === 'found' ? keptHeaders(headers, found.source) : {},
  } as const;
  return answerMethod({ protocol, text, found, sender, request }, ports);
}
