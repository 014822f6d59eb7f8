import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FunctionHost } from './function-host.ts';
import { FunctionError } from './function-host.ts';
import { foreignOf } from './guard.ts';
import { listen, readBody, stopServer } from './http-server.ts';
import {
  cookiesOf,
  decodePath,
  matchRoute,
  type ProxyResponse,
  proxyEvent,
  proxyHeaders,
  proxyResponse,
} from './proxy-event.ts';
import type { Throttle } from './throttle.ts';

export type GatewayRoute = {
  routeKey: string;
  timeoutMs: number;
  function: Pick<FunctionHost, 'invoke'>;
  /** Whether the next request is let through. Absent: all are. */
  passes?: Throttle;
};

export type ApiGateway = {
  /** `http://127.0.0.1:3000` */
  url: string;
  /** Starts to answer; until then every request gets 503. */
  serve(routes: GatewayRoute[]): void;
  /** Answers 503 to new requests, and waits for those that are being answered. */
  drain(): Promise<void>;
  stop(): Promise<void>;
};

export type GatewayOptions = {
  /** 0: any free port. */
  port: number;
  /** The JSON of `GET /_local/metrics`, a route that the real gateway does not have. */
  metrics(): unknown;
  onFailure(error: Error): void;
};

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const requestBytesMax = 10 * 1024 * 1024;
const headerBytesMax = 10_240;
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: one synchronous call, either way.
const payloadBytesMax = 6 * 1024 * 1024;

/**
 * An HTTP API in front of functions.
 * @throws the listener's error, with `code` EADDRINUSE when the port is taken
 */
export async function startApiGateway({ port: wantedPort, metrics, onFailure }: GatewayOptions): Promise<ApiGateway> {
  let routes: Map<string, GatewayRoute> | undefined;
  const answering = new Set<Promise<void>>();
  const server = createServer({ maxHeaderSize: headerBytesMax }, (request, response) => {
    const answer = handle(request, response)
      .catch((error: Error) => {
        onFailure(error);
        if (!response.headersSent) send(response, message(500, 'Internal Server Error'));
      })
      .finally(() => answering.delete(answer));
    answering.add(answer);
  });
  const port = await listen(server, wantedPort);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    if (request.method === 'GET' && target === '/_local/metrics') {
      const foreign = foreignOf(request.headers, port);
      if (foreign !== undefined) return send(response, message(403, foreign));
      const body = Buffer.from(JSON.stringify(metrics()));
      return send(response, { status: 200, headers: { 'content-type': 'application/json' }, cookies: [], body });
    }
    const body = await readBody(request, requestBytesMax).catch(() => 'broken' as const);
    // The sender hung up and does not wait for an answer.
    if (body === 'broken') return;
    const id = randomBytes(12).toString('hex');
    response.setHeader('apigw-requestid', id);
    if (body === undefined) return send(response, message(413, 'Request Entity Too Large'));
    const path = decodePath(target);
    if (path === undefined) return send(response, message(400, 'Bad Request'));
    if (routes === undefined) return send(response, message(503, 'Service Unavailable'));
    const method = request.method ?? 'GET';
    const match = matchRoute([...routes.keys()], method, path);
    if (match === undefined) return send(response, message(404, 'Not Found'));
    const route = routes.get(match.routeKey) as GatewayRoute;
    if (route.passes?.() === false) return send(response, message(429, 'Too Many Requests'));
    const event = proxyEvent(
      {
        id,
        receivedAt: new Date(),
        method,
        target,
        httpVersion: request.httpVersion,
        headers: proxyHeaders(request.headersDistinct),
        cookies: cookiesOf(request.headers),
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        port,
        body,
      },
      path,
      match,
    );
    send(response, await call(route, event));
  }

  async function call(route: GatewayRoute, event: string): Promise<ProxyResponse> {
    if (Buffer.byteLength(event) > payloadBytesMax) return message(413, 'Request Entity Too Large');
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<ProxyResponse>((resolve) => {
      timer = setTimeout(() => resolve(message(503, 'Service Unavailable')), route.timeoutMs);
    });
    const result = route.function.invoke(event).then(
      (payload) => (Buffer.byteLength(payload) > payloadBytesMax ? undefined : proxyResponse(payload)),
      (error: Error) => {
        if (!(error instanceof FunctionError)) throw error;
        onFailure(error);
        return undefined;
      },
    );
    try {
      return (await Promise.race([result, timeout])) ?? message(500, 'Internal Server Error');
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    url: `http://127.0.0.1:${port}`,
    serve(given) {
      routes = new Map(given.map((route) => [route.routeKey, route]));
    },
    async drain() {
      routes = undefined;
      await Promise.all(answering);
    },
    stop: () => stopServer(server),
  };
}

function message(status: number, text: string): ProxyResponse {
  const body = Buffer.from(JSON.stringify({ message: text }));
  return { status, headers: { 'content-type': 'application/json' }, cookies: [], body };
}

function send(response: ServerResponse, { status, headers, cookies, body }: ProxyResponse): void {
  const { 'content-length': _, ...kept } = headers;
  response.writeHead(status, {
    ...kept,
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
    // The gateway sets the length, not the function.
    'content-length': body.length,
  });
  response.end(body);
}
