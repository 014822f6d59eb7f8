import type { ServerResponse } from 'node:http';
import { startWireServer, type WireRequest } from './wire-server.ts';

/** A call of the SDK as AWS receives it. */
export type AwsCall = {
  /** As in the signature: `cloudformation`, `dynamodb`, `sqs`; empty for unsigned calls. */
  service: string;
  operation: string;
  /** What was asked: JSON, or the fields of a form, which are all text. */
  input: Record<string, unknown>;
};

/** A refusal as the service spells it: `ExpiredToken` of STS is `ExpiredTokenException` of DynamoDB. */
export class AwsFailure {
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly headers: Record<string, string>;

  /** @param status absent: the one that the service's protocol uses for refused credentials */
  constructor(
    code: string,
    message: string,
    { status, headers = {} }: Partial<Pick<AwsFailure, 'status' | 'headers'>> = {},
  ) {
    this.code = code;
    this.message = message;
    this.status = status;
    this.headers = headers;
  }
}

/**
 * A server that speaks the protocols of AWS's services as the SDK's clients expect them: JSON with a
 * target in the header, forms answered by XML, and REST.
 * - https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
 * - https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 * - https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
export async function startAws(answer: (call: AwsCall) => object | AwsFailure) {
  const server = await startWireServer();
  const calls: AwsCall[] = [];
  const world = { answer };
  server.world.answer = (request, response) => {
    const { protocol, ...call } = readCall(request);
    calls.push(call);
    const answered = world.answer(call);
    if (answered instanceof AwsFailure) fail(protocol, answered, response);
    else succeed(protocol, call.operation, answered, response);
  };
  return { url: server.url, calls, world, stop: server.stop };
}

type Protocol = 'json' | 'query' | 'rest';

/** The named parts of a path are the operation's input. */
const restOperations: [method: string, path: RegExp, operation: string][] = [
  ['GET', /^\/2016-08-19\/account-settings\/?$/, 'GetAccountSettings'],
  ['GET', /^\/2019-09-30\/functions\/(?<FunctionName>[^/]+)\/concurrency$/, 'GetFunctionConcurrency'],
  ['GET', /^\/federation\/credentials$/, 'GetRoleCredentials'],
];

function readCall({ method, path, headers, body, json }: WireRequest): AwsCall & { protocol: Protocol } {
  const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    return { protocol: 'json', service, operation: target.split('.').at(-1) ?? '', input: json };
  }
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    const input = Object.fromEntries(new URLSearchParams(body));
    return { protocol: 'query', service, operation: input.Action ?? '', input };
  }
  const [place = ''] = path.split('?', 1);
  for (const [wanted, pattern, operation] of restOperations) {
    const parts = method === wanted ? pattern.exec(place) : null;
    if (parts !== null) return { protocol: 'rest', service, operation, input: { ...json, ...parts.groups } };
  }
  return { protocol: 'rest', service, operation: `${method} ${place}`, input: json };
}

function succeed(protocol: Protocol, operation: string, result: object, response: ServerResponse): void {
  const ids = { 'x-amzn-requestid': 'r' };
  if (protocol === 'query') {
    response.writeHead(200, { 'content-type': 'text/xml', ...ids });
    const body = `<${operation}Result>${xmlOf(result)}</${operation}Result>`;
    response.end(
      `<${operation}Response>${body}<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${operation}Response>`,
    );
    return;
  }
  const type = protocol === 'json' ? 'application/x-amz-json-1.0' : 'application/json';
  response.writeHead(200, { 'content-type': type, ...ids });
  response.end(JSON.stringify(result));
}

function fail(protocol: Protocol, { code, message, status, headers }: AwsFailure, response: ServerResponse): void {
  const ids = { 'x-amzn-requestid': 'r', ...headers };
  if (protocol === 'query') {
    response.writeHead(status ?? 403, { 'content-type': 'text/xml', ...ids });
    const error = xmlOf({ Type: 'Sender', Code: code, Message: message });
    response.end(`<ErrorResponse><Error>${error}</Error><RequestId>r</RequestId></ErrorResponse>`);
    return;
  }
  if (protocol === 'rest') {
    response.writeHead(status ?? 403, { 'content-type': 'application/json', 'x-amzn-errortype': code, ...ids });
    response.end(JSON.stringify({ message }));
    return;
  }
  response.writeHead(status ?? 400, { 'content-type': 'application/x-amz-json-1.0', ...ids });
  response.end(JSON.stringify({ __type: `com.amazon.coral.service#${code}`, message }));
}

function xmlOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => `<member>${xmlOf(one)}</member>`).join('');
  if (value !== null && typeof value === 'object')
    return Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => `<${name}>${xmlOf(inner)}</${name}>`)
      .join('');
  return String(value).replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`);
}
