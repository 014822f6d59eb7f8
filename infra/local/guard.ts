import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ServiceRefusal, Surroundings } from './access/permission.ts';
import type { RoleAccess } from './access/role-access.ts';
import { deniedRequest, isSame, type Roles } from './access/roles.ts';
import type { LocalCredentials } from './credentials.ts';
import { readBody } from './http-server.ts';

/*
 * Guards the listeners of this machine. An open web page can send requests to 127.0.0.1. With a
 * host name that points there it can also read the answers (DNS rebinding). Other users of the
 * machine can connect as well.
 */

export type Guards = {
  /** The operator's, who may do everything. */
  credentials: LocalCredentials;
  /** Callers that may do what their roles allow; default: none. */
  roles?: Roles;
  /** The beginning of `X-Amz-Target`: `DynamoDB_20120810`. */
  target: string;
};

/**
 * Why a request to an emulator is refused, in AWS's words if it has some; else its caller's role,
 * which the operator has none of.
 */
export function callerOf(
  { method, headers, port }: { method: string | undefined; headers: IncomingHttpHeaders; port: number },
  { credentials, roles, target }: Guards,
): { refused: ServiceRefusal } | { role: RoleAccess | undefined } {
  const foreign = foreignOf(headers, port);
  if (foreign !== undefined) return refused(403, 'AccessDeniedException', foreign);
  if (method !== 'POST' || !String(headers['x-amz-target'] ?? '').startsWith(`${target}.`)) {
    return refused(400, 'UnknownOperationException', `only ${target} is spoken here`);
  }
  const [, given = ''] = /Credential=([^/,\s]+)\//.exec(headers.authorization ?? '') ?? [];
  if (isSame(given, credentials.accessKeyId)) return { role: undefined };
  const role = roles?.accessOf(given);
  if (role !== undefined) return { role };
  const message = 'The credentials are not those of this run; .signalbox/runtime.json has them.';
  return refused(403, 'UnrecognizedClientException', message);
}

function refused(status: number, type: string, message: string): { refused: ServiceRefusal } {
  return { refused: { status, headers: {}, body: { __type: type, message } } };
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

// The longest request of a service here is DynamoDB's, of 16 MB.
const bodyBytesMax = 17 * 1024 * 1024;

/**
 * Puts the guard before all handlers of `server`. Call it after they are registered.
 * @param surroundings what requests of roles are checked with
 */
export function guardServer(server: Server, guards: Guards, surroundings?: Surroundings): void {
  const listeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  const pass = (request: IncomingMessage, response: ServerResponse) => {
    for (const listener of listeners) listener(request, response);
  };
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, headers, socket } = request;
    const caller = callerOf({ method, headers, port: Number(socket.localPort) }, guards);
    if ('refused' in caller) {
      // The request is read to its end, since a client that is still sending would not see the
      // answer.
      request.resume();
      return refuse(response, caller.refused);
    }
    if (caller.role === undefined || surroundings === undefined) return pass(request, response);
    void checkRole(caller.role, request, response, guards.target, surroundings, pass);
  });
}

async function checkRole(
  role: RoleAccess,
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  surroundings: Surroundings,
  pass: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<void> {
  // A caller that was stopped in the middle of a request gets no answer.
  const body = await readBody(request, bodyBytesMax).catch(() => undefined);
  if (body === undefined) return void response.destroy();
  const denied = deniedRequest(role, { target, operation: operationOf(request), body: jsonOf(body) }, surroundings);
  if (denied !== undefined) return refuse(response, denied);
  const { method, url, headers, socket } = request;
  // The body has been read, so the handlers get a request that begins again.
  pass(Object.assign(Readable.from([body]), { method, url, headers, socket }) as unknown as IncomingMessage, response);
}

export function operationOf({ headers }: { headers: IncomingHttpHeaders }): string {
  return String(headers['x-amz-target'] ?? '').replace(/^.*\./, '');
}

/** What is no JSON needs no permission: the service refuses it. */
function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return {};
  }
}

function refuse(response: ServerResponse, { status, headers, body }: ServiceRefusal): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers });
  response.end(JSON.stringify(body));
}
