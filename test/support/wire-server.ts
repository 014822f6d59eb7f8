import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type WireRequest = {
  method: string | undefined;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** The body as JSON; empty when it is none, as a form is. */
  json: Record<string, unknown>;
};

/** A server on this machine that answers as the test says, and remembers what it was sent. */
export async function startWireServer() {
  const received: WireRequest[] = [];
  const world = { answer: (_request: WireRequest, response: ServerResponse): void => void response.end() };
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method, url = '/', headers } = incoming;
      const body = Buffer.concat(chunks).toString();
      const request = { method, path: url, headers, body, json: /^[[{]/.test(body) ? JSON.parse(body) : {} };
      received.push(request);
      world.answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    world,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers as AWS's JSON protocols do. https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html */
export function awsJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'r', ...headers });
  response.end(JSON.stringify(body));
}

export function awsError(response: ServerResponse, status: number, type: string, message = 'why') {
  awsJson(response, status, { __type: `com.amazonaws#${type}`, message });
}
