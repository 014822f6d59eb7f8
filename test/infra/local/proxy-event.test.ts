import { describe, expect, test } from '@jest/globals';
import {
  decodePath,
  matchRoute,
  proxyEvent,
  proxyResponse,
  type ReceivedRequest,
} from '../../../infra/local/proxy-event.ts';

const request: ReceivedRequest = {
  id: 'abc',
  receivedAt: new Date('2026-03-05T08:07:06.005Z'),
  method: 'POST',
  target: '/v1/sources/stripe/token?a=1&a=2&b=%20c&plus=a+b',
  httpVersion: '1.1',
  headers: { host: 'localhost:3000', 'content-type': 'application/json', 'user-agent': 'test' },
  cookies: [],
  sourceIp: '127.0.0.1',
  port: 3000,
  body: Buffer.from('{"a":"ä"}'),
};
const match = { routeKey: 'ANY /v1/sources/{source}/{token}', pathParameters: { source: 'stripe', token: 'token' } };

function eventOf(changes: Partial<ReceivedRequest>) {
  const changed = { ...request, ...changes };
  return JSON.parse(proxyEvent(changed, decodePath(changed.target) as string, match));
}

test('of two greedy routes the longer takes a request, whatever their order', () => {
  const routes = ['ANY /v1/{proxy+}', 'ANY /v1/sources/{source}/{token+}'];
  for (const keys of [routes, routes.toReversed()]) {
    expect(matchRoute(keys, 'POST', '/v1/sources/stripe/token')?.routeKey).toBe(routes[1]);
    expect(matchRoute(keys, 'GET', '/v1/users/u1')).toEqual({
      routeKey: routes[0],
      pathParameters: { proxy: 'users/u1' },
    });
    expect(matchRoute(keys, 'GET', '/v1/sources/stripe')?.routeKey).toBe(routes[0]);
  }
});

describe('the proxy event', () => {
  test('has the shape of payload format 2.0', () => {
    expect(eventOf({ cookies: ['a=b', 'c=d'] })).toEqual({
      version: '2.0',
      routeKey: 'ANY /v1/sources/{source}/{token}',
      rawPath: '/v1/sources/stripe/token',
      rawQueryString: 'a=1&a=2&b=%20c&plus=a+b',
      cookies: ['a=b', 'c=d'],
      headers: {
        host: 'localhost:3000',
        'content-type': 'application/json',
        'user-agent': 'test',
        'content-length': '10',
        'x-amzn-trace-id': 'Root=1-69a939aa-abc',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': '3000',
        'x-forwarded-proto': 'http',
      },
      queryStringParameters: { a: '1,2', b: ' c', plus: 'a b' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'local',
        domainName: 'localhost:3000',
        domainPrefix: 'localhost:3000',
        http: {
          method: 'POST',
          path: '/v1/sources/stripe/token',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        requestId: 'abc',
        routeKey: 'ANY /v1/sources/{source}/{token}',
        stage: '$default',
        time: '05/Mar/2026:08:07:06 +0000',
        timeEpoch: 1_772_698_026_005,
      },
      pathParameters: { source: 'stripe', token: 'token' },
      body: '{"a":"ä"}',
      isBase64Encoded: false,
    });
  });

  test.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['Application/JSON', false],
    ['text/plain', false],
    ['application/xml', false],
    ['application/javascript', false],
    ['application/x-www-form-urlencoded', true],
    ['application/vnd.api+json', true],
    ['application/octet-stream', true],
    [undefined, true],
  ])('a body of type %s is base64: %s', (type, isBase64Encoded) => {
    const event = eventOf({ headers: { ...(type && { 'content-type': type }) } });
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body, isBase64Encoded ? 'base64' : 'utf8')).toEqual(request.body);
  });

  test('a compressed body arrives byte for byte, whatever its type', () => {
    const body = Buffer.from([0x1f, 0x8b, 0x08, 0xff]);
    const event = eventOf({ body, headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } });
    expect(event).toMatchObject({ body: body.toString('base64'), isBase64Encoded: true });
  });

  // A string could not carry these bytes, and a signature over them could not be checked.
  test('JSON that is not UTF-8 arrives byte for byte', () => {
    const body = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    expect(eventOf({ body })).toMatchObject({ body: body.toString('base64'), isBase64Encoded: true });
  });

  test('a byte order mark is kept', () => {
    const body = Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]);
    expect(Buffer.from(eventOf({ body }).body)).toEqual(body);
  });

  test('a request without a body has none', () => {
    const event = eventOf({ body: Buffer.alloc(0), headers: {} });
    expect(event).not.toHaveProperty('body');
    expect(event.isBase64Encoded).toBe(false);
  });
});

describe('routes', () => {
  const keys = [
    'ANY /v1/sources/{source}/{token}',
    'GET /v1/{proxy+}',
    'POST /v1/sources/stripe/{token}',
    'ANY /health',
  ];

  test.each([
    ['POST', '/v1/sources/segment/abc', 'ANY /v1/sources/{source}/{token}', { source: 'segment', token: 'abc' }],
    ['GET', '/v1/sources/a/b', 'ANY /v1/sources/{source}/{token}', { source: 'a', token: 'b' }],
    ['GET', '/v1/a/b/c/d', 'GET /v1/{proxy+}', { proxy: 'a/b/c/d' }],
    ['DELETE', '/health', 'ANY /health', {}],
  ])('%s %s goes to %s', (method, path, routeKey, pathParameters) => {
    expect(matchRoute(keys, method, path)).toEqual({ routeKey, pathParameters });
  });

  test.each([
    ['POST', '/'],
    ['POST', '/v1/sources/segment'],
    ['POST', '/v1/sources/segment/'],
    ['POST', '/v1/sources/segment/abc/more'],
    ['POST', '/v1/other'],
    ['GET', '/v1/'],
  ])('%s %s goes nowhere', (method, path) => {
    expect(matchRoute(keys, method, path)).toBeUndefined();
  });

  test('$default takes what no other route does', () => {
    expect(matchRoute([...keys, '$default'], 'POST', '/elsewhere')).toEqual({
      routeKey: '$default',
      pathParameters: {},
    });
  });

  test('a path that cannot be decoded is not a path', () => {
    expect(decodePath('/v1/%zz')).toBeUndefined();
    expect(decodePath('/v1/a%20b?c=%zz')).toBe('/v1/a b');
  });
});

describe('the response', () => {
  test('takes status, headers, cookies and body from the result', () => {
    const result = { statusCode: 202, headers: { 'Retry-After': 5 }, cookies: ['a=b'], body: 'later' };
    expect(proxyResponse(JSON.stringify(result))).toEqual({
      status: 202,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '5' },
      cookies: ['a=b'],
      body: Buffer.from('later'),
    });
  });

  test('decodes a base64 body', () => {
    const result = { statusCode: 200, body: Buffer.from([1, 2, 255]).toString('base64'), isBase64Encoded: true };
    expect(proxyResponse(JSON.stringify(result))?.body).toEqual(Buffer.from([1, 2, 255]));
  });

  test.each([
    ['"hello"', 'hello'],
    ['{"a":1}', '{"a":1}'],
    ['null', 'null'],
  ])('a result without status, %s, is the body of a 200', (result, body) => {
    expect(proxyResponse(result)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(body),
    });
  });

  test.each([['{"statusCode":"soon"}'], ['{"statusCode":200,"body":{"a":1}}'], ['{"statusCode":99}']])(
    'a result that makes no sense, %s, is none',
    (result) => {
      expect(proxyResponse(result)).toBeUndefined();
    },
  );
});
