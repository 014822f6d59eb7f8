import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { LocalCredentials } from './credentials.ts';

/*
 * Guards the listeners of this machine. An open web page can send requests to 127.0.0.1. With a
 * host name that points there it can also read the answers (DNS rebinding). Other users of the
 * machine can connect as well.
 */

export type Refused = { status: number; type: string; message: string };

/**
 * Why a request to an emulator is refused, in AWS's words if it has some; undefined when it is
 * allowed.
 * @param target the beginning of `X-Amz-Target`: `DynamoDB_20120810`
 */
export function refusalOf(
  { method, headers, port }: { method: string | undefined; headers: IncomingHttpHeaders; port: number },
  { accessKeyId }: LocalCredentials,
  target: string,
): Refused | undefined {
  const foreign = foreignOf(headers, port);
  if (foreign !== undefined) return { status: 403, type: 'AccessDeniedException', message: foreign };
  if (method !== 'POST' || !String(headers['x-amz-target'] ?? '').startsWith(`${target}.`)) {
    return { status: 400, type: 'UnknownOperationException', message: `only ${target} is spoken here` };
  }
  const [, given = ''] = /Credential=([^/,\s]+)\//.exec(headers.authorization ?? '') ?? [];
  if (isSame(given, accessKeyId)) return undefined;
  const message = 'The credentials are not those of this run; .signalbox/runtime.json has them.';
  return { status: 403, type: 'UnrecognizedClientException', message };
}

/**
 * The sign that a request does not come from a program on this machine that knows the address;
 * undefined when there is none.
 */
export function foreignOf(headers: IncomingHttpHeaders, port: number): string | undefined {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined)
    return 'Web pages may not use this address.';
  if (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`)
    return `This address is 127.0.0.1:${port}, under no other name.`;
  return undefined;
}

/** Puts the guard before all handlers of `server`. Call it after they are registered. */
export function guardServer(server: Server, credentials: LocalCredentials, target: string): void {
  const listeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, headers, socket } = request;
    const refused = refusalOf({ method, headers, port: Number(socket.localPort) }, credentials, target);
    if (refused === undefined) {
      for (const listener of listeners) listener(request, response);
      return;
    }
    // The request is read to its end, since a client that is still sending would not see the
    // answer.
    request.resume();
    const { status, type, message } = refused;
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: type, message }));
  });
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
