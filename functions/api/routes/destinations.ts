import * as z from 'zod';
import { destinationProtocols } from '../../../shared/core/destinations/protocols/index.ts';
import { keptHeaders } from '../../../shared/core/ingest/kept-headers.ts';
import { destinationSource } from '../../../shared/core/live/destination-source.ts';
import { missing } from '../answer.ts';
import { answerMethod } from '../answer-method.ts';
import { type ApiPorts, defineRoute, type Route } from '../route.ts';
import { RpcAnswer, RpcRequest } from '../shapes/rpc.ts';

/** Of a vendor's whole connection: it slows down before the gateway has to refuse. */
export function rateLimitHeader({ syncLimits }: Pick<ApiPorts, 'syncLimits'>): Record<string, string> {
  return { 'x-ratelimit-limit': String(syncLimits.requestsPerSecond) };
}

/** What all ways to call a method share. */
const called = {
  method: 'POST',
  body: RpcRequest,
  answer: RpcAnswer,
  mayBeEmpty: true,
  isLine: true,
  answerHeaders: rateLimitHeader,
} as const;

const byKey = destinationProtocols.map((protocol) =>
  defineRoute({
    ...called,
    call: protocol.call,
    path: protocol.path,
    does: protocol.does,
    permission: 'secret',
    params: z.object({}),
    query: z.object({
      source: z.string().optional().describe('Key of the source whose rows the records are. Default: the only one.'),
    }),
    async handle({ query, text, headers, request, ports }) {
      const found = destinationSource(await ports.configuration(), protocol.kind, query.source);
      const kept = found.kind === 'found' ? keptHeaders(headers, found.source) : {};
      const sender = { verification: 'enforced:verified', headers: kept, oldCredentials: [] } as const;
      return answerMethod({ protocol, text, found, sender, request }, ports);
    },
  }),
);

const protocolOf = new Map(destinationProtocols.map((protocol) => [protocol.kind, protocol]));

const bySource = defineRoute({
  ...called,
  call: 'sources.call',
  path: '/v1/sources/{source}/{token}/rpc',
  does: "answers a method call at a source's own URL, with the secret of its events (JSON-RPC 2.0)",
  permission: 'source',
  params: z.object({
    source: z.string().describe('Key of the source.'),
    token: z.string().describe('As in the URL of the source, which `npx signalbox sources` shows.'),
  }),
  query: z.object({}),
  async handle({ text, headers, request, sender, ports }) {
    if (sender === undefined) throw new Error('a request to the URL of a source has no sender');
    const { source, verification, oldCredentials } = sender;
    const protocol = protocolOf.get(source.file.kind);
    if (protocol === undefined) return missing(`sources of kind ${source.file.kind} take no method calls`);
    const kept = { verification, oldCredentials, headers: keptHeaders(headers, source) };
    return answerMethod({ protocol, text, found: { kind: 'found', source }, sender: kept, request }, ports);
  },
});

export const destinationRoutes: readonly Route[] = [...byKey, bySource];
