import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';
import { accountId } from './resources/resource-type.ts';

/** A request as it arrived. */
export type ReceivedRequest = {
  id: string;
  receivedAt: Date;
  method: string;
  /** Path and query as on the request line. */
  target: string;
  httpVersion: string;
  /** Names in lower case; repeated ones are joined with commas, as HTTP allows. */
  headers: Record<string, string>;
  cookies: string[];
  sourceIp: string;
  port: number;
  body: Buffer;
};

export type Match = { routeKey: string; pathParameters: Record<string, string> };

/**
 * The percent-decoded path, or `undefined` when it cannot be decoded. HTTP APIs route and report
 * decoded paths.
 */
export function decodePath(target: string): string | undefined {
  try {
    return decodeURIComponent(target.split('?', 1)[0] as string);
  } catch {
    return undefined;
  }
}

/**
 * The route of a request, `undefined` for none. A full match wins over a greedy one (`{proxy+}`), of
 * greedy ones the longer, a named method over ANY, and `$default` comes last.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation
 */
export function matchRoute(routeKeys: string[], method: string, path: string): Match | undefined {
  const matches = routeKeys.flatMap((routeKey) => {
    const [wantedMethod, pattern] = routeKey.split(' ');
    if (pattern === undefined || (wantedMethod !== 'ANY' && wantedMethod !== method)) return [];
    const pathParameters = matchPath(pattern, path);
    if (pathParameters === undefined) return [];
    const greedy = pattern.includes('+}');
    const rank = [greedy ? 1 : 0, greedy ? -pattern.split('/').length : 0, wantedMethod === 'ANY' ? 1 : 0];
    return [{ rank, match: { routeKey, pathParameters } }];
  });
  const [best] = matches.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ match }) => match);
  return best ?? (routeKeys.includes('$default') ? { routeKey: '$default', pathParameters: {} } : undefined);
}

function compareRanks(a: number[], b: number[]): number {
  const differs = a.findIndex((value, i) => value !== b[i]);
  return differs < 0 ? 0 : (a[differs] ?? 0) - (b[differs] ?? 0);
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const segments = path.split('/');
  const wanted = pattern.split('/');
  const parameters: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const [, name, greedy] = /^\{([^}+]+)(\+?)\}$/.exec(part) ?? [];
    const segment = segments[i];
    if (name !== undefined && greedy) {
      parameters[name] = segments.slice(i).join('/');
      return parameters[name] === '' ? undefined : parameters;
    }
    if (name === undefined ? segment !== part : segment === undefined || segment === '') return undefined;
    if (name !== undefined) parameters[name] = segment as string;
  }
  return segments.length === wanted.length ? parameters : undefined;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * The event of payload format 2.0, in JSON.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function proxyEvent(request: ReceivedRequest, path: string, match: Match): string {
  const { headers, cookies, receivedAt } = request;
  const rawQueryString = request.target.split('?').slice(1).join('?');
  const query = Object.entries(joinRepeated([...new URLSearchParams(rawQueryString)]));
  const asText = isText(headers) ? textOf(request.body) : undefined;
  const [date, month, year] = [receivedAt.getUTCDate(), months[receivedAt.getUTCMonth()], receivedAt.getUTCFullYear()];
  return JSON.stringify({
    version: '2.0',
    routeKey: match.routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers: {
      ...headers,
      'content-length': String(request.body.length),
      'x-amzn-trace-id': `Root=1-${Math.floor(receivedAt.getTime() / 1000).toString(16)}-${request.id}`,
      'x-forwarded-for': request.sourceIp,
      'x-forwarded-port': String(request.port),
      'x-forwarded-proto': 'http',
    },
    ...(query.length > 0 && { queryStringParameters: Object.fromEntries(query) }),
    requestContext: {
      accountId,
      apiId: 'local',
      domainName: headers.host ?? '',
      domainPrefix: (headers.host ?? '').split('.')[0],
      http: {
        method: request.method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: request.id,
      routeKey: match.routeKey,
      stage: '$default',
      time: `${String(date).padStart(2, '0')}/${month}/${year}:${receivedAt.toISOString().slice(11, 19)} +0000`,
      timeEpoch: receivedAt.getTime(),
    },
    ...(Object.keys(match.pathParameters).length > 0 && { pathParameters: match.pathParameters }),
    ...(request.body.length > 0 && { body: asText ?? request.body.toString('base64') }),
    isBase64Encoded: request.body.length > 0 && asText === undefined,
  });
}

// The guide says that "binary" bodies are base64-encoded and leaves open which those are. Measured
// on the real gateway in https://github.com/ministackorg/ministack/pull/766: only these types are
// text. All others are binary, including a missing type and application/x-www-form-urlencoded.
const textTypes = /^(text\/.*|application\/(json|xml|javascript))$/;

function isText(headers: Record<string, string>): boolean {
  const mediaType = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  return headers['content-encoding'] === undefined && textTypes.test(mediaType.trim().toLowerCase());
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * `undefined` for bytes that are not UTF-8: a string cannot carry them, so they are passed as a
 * binary body.
 */
function textOf(body: Buffer): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

// Between client and gateway only; the function never sees them.
const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'expect',
  'cookie',
]);

export function proxyHeaders(distinct: NodeJS.Dict<string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(distinct).flatMap(([name, values]) =>
      connectionHeaders.has(name) || values === undefined ? [] : [[name, values.join(',')]],
    ),
  );
}

export function cookiesOf(headers: IncomingHttpHeaders): string[] {
  return (headers.cookie ?? '')
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '');
}

function joinRepeated(pairs: [string, string][]): Record<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of pairs) {
    const earlier = joined.get(name);
    joined.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return Object.fromEntries(joined);
}

export type ProxyResponse = { status: number; headers: Record<string, string>; cookies: string[]; body: Buffer };

const Scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const Response = z.object({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), Scalar).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/**
 * The response that a function's result, in JSON, stands for; `undefined` when the gateway could
 * not read it.
 */
export function proxyResponse(result: string): ProxyResponse | undefined {
  const value: unknown = JSON.parse(result);
  if (value === null || typeof value !== 'object' || !('statusCode' in value)) {
    // Without a status the whole result is the body of a 200.
    const body = typeof value === 'string' ? value : result;
    return { status: 200, headers: { 'content-type': 'application/json' }, cookies: [], body: Buffer.from(body) };
  }
  const response = Response.safeParse(value);
  if (!response.success) return undefined;
  const { statusCode, headers, cookies, body, isBase64Encoded } = response.data;
  const named = Object.entries(headers ?? {}).map(([name, text]) => [name.toLowerCase(), text] as const);
  return {
    status: statusCode,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...Object.fromEntries(named) },
    cookies: cookies ?? [],
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  };
}
