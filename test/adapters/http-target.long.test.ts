import type { LookupAddress } from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { type HttpTargetDeps, makeHttpTargets, publicOnly } from '../../shared/adapters/http-target.ts';
import { isPublicAddress } from '../../shared/adapters/public-address.ts';
import type { RunMessage } from '../../shared/core/runs/run-message.ts';

const secret = `whsec_${Buffer.from('a target secret of 32 bytes long').toString('base64')}`;
const olderSecret = `whsec_${Buffer.from('the one before, still accepted..').toString('base64')}`;
const message: RunMessage = {
  type: 'workflow.run',
  timestamp: '2026-05-04T08:15:30.000Z',
  data: { id: 'run-1', name: 'Zoë "✓"' },
};
const request = { messageId: 'msg_f12c50a4-a4cb-571d-8d7f-7c4f1e770922', message, timeoutMs: 2000 };

type Received = { headers: Record<string, string>; body: string; url: string | undefined };
const received: Received[] = [];
let answer: (response: ServerResponse, request: IncomingMessage) => void = (response) => response.end('ok');
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      received.push({
        headers: incoming.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString(),
        url: incoming.url,
      });
      answer(response, incoming);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/runs?x=1`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  received.length = 0;
  answer = (response) => response.end('ok');
});

const secretsWith = (values: string[] | undefined): HttpTargetDeps['secrets'] => ({
  valuesOf: async (name) => (name === 'targets/order-completed' ? values : undefined),
  refresh: async () => values,
});

function openTarget(change: Partial<HttpTargetDeps> & { url?: string; headers?: Record<string, string> } = {}) {
  const open = makeHttpTargets({ secrets: secretsWith([secret]), allowPrivate: true, nowMs: Date.now, ...change });
  return open('order-completed', {
    type: 'http',
    url: change.url ?? url,
    timeout_seconds: 5,
    headers: change.headers ?? {},
  });
}

describe('what a target receives', () => {
  test('is verified by the official Standard Webhooks library, byte for byte', async () => {
    expect(await openTarget().start(request)).toEqual({ kind: 'accepted', reference: { status: 200, response: 'ok' } });
    const [got] = received;
    expect(new Webhook(secret).verify(got?.body ?? '', got?.headers ?? {})).toEqual(message);
    expect(got).toMatchObject({
      url: '/runs?x=1',
      headers: { 'webhook-id': request.messageId, 'content-type': 'application/json', 'user-agent': 'Signalbox' },
    });
  });

  test('is signed with every active secret, so that either side can change first', async () => {
    await openTarget({ secrets: secretsWith([secret, olderSecret]) }).start(request);
    for (const either of [secret, olderSecret]) {
      expect(new Webhook(either).verify(received[0]?.body ?? '', received[0]?.headers ?? {})).toEqual(message);
    }
    expect(received[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
  });

  test.each([
    ['the body', (got: Received) => ({ ...got, body: got.body.replace('run-1', 'run-2') })],
    ['the id', (got: Received) => ({ ...got, headers: { ...got.headers, 'webhook-id': 'msg_other' } })],
    [
      'the time',
      (got: Received) => ({
        ...got,
        headers: { ...got.headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 1) },
      }),
    ],
  ])('is not verified any more once %s was changed', async (_name, change) => {
    await openTarget({ nowMs: () => Date.now() - 10_000 }).start(request);
    const { headers, body } = change(received[0] as Received);
    expect(() => new Webhook(secret).verify(body, headers)).toThrow();
  });

  test('carries the headers of the configuration, but only our signature', async () => {
    await openTarget({
      headers: { Authorization: 'Bearer x', 'Webhook-Signature': 'v1,forged', 'Webhook-Id': 'forged' },
    }).start(request);
    expect(received[0]?.headers.authorization).toBe('Bearer x');
    expect(new Webhook(secret).verify(received[0]?.body ?? '', received[0]?.headers ?? {})).toEqual(message);
  });
});

describe('without a usable secret nothing is sent, and the run waits', () => {
  test.each<[string, HttpTargetDeps['secrets']]>([
    ['no such secret', secretsWith(undefined)],
    ['no values', secretsWith([])],
    ['not whsec_', secretsWith(['plain text'])],
    ['not base64', secretsWith(['whsec_ not base64 at all!'])],
    ['too short to be one', secretsWith(['whsec_YQ=='])],
    ['one good, one bad', secretsWith([secret, 'whsec_'])],
    ['a store that is down', { valuesOf: () => Promise.reject(new Error('away')), refresh: async () => undefined }],
  ])('%s', async (_name, secrets) => {
    const result = await openTarget({ secrets }).start(request);
    expect(result).toMatchObject({ kind: 'unavailable', reason: 'secret_missing' });
    expect(received).toEqual([]);
    expect(JSON.stringify(result)).not.toContain('plain text');
  });
});

describe('what an answer means', () => {
  const respond =
    (status: number, headers: Record<string, string> = {}, body = 'why') =>
    (response: ServerResponse) =>
      response.writeHead(status, headers).end(body);

  test.each([200, 201, 202, 204])('%d: the run began', async (status) => {
    answer = respond(status, {}, '');
    expect(await openTarget().start(request)).toEqual({ kind: 'accepted', reference: { status } });
  });

  test.each([400, 401, 403, 404, 405, 409, 410, 413, 422, 451, 300, 301, 302, 304, 307, 308])(
    '%d: refused for good, and no redirect is followed',
    async (status) => {
      answer = respond(status, { location: url });
      expect(await openTarget().start(request)).toMatchObject({ kind: 'refused', reference: { status } });
      expect(received).toHaveLength(1);
    },
  );

  test.each([
    [408, 'target_timeout'],
    [425, 'target_unavailable'],
    [429, 'target_busy'],
    [500, 'target_unavailable'],
    [502, 'target_unavailable'],
    [503, 'target_unavailable'],
    [504, 'target_unavailable'],
    [599, 'target_unavailable'],
  ])('%d: try again (%s)', async (status, reason) => {
    answer = respond(status);
    expect(await openTarget().start(request)).toEqual({
      kind: 'unavailable',
      reason,
      detail: `the target answered ${status}: why`,
    });
  });

  test.each([
    ['seconds', '7', 7],
    ['a date', new Date(Date.now() + 60_000).toUTCString(), expect.any(Number)],
    ['more than an hour, which is cut', '86400', 3600],
    ['a past date, which says nothing', 'Wed, 21 Oct 2015 07:28:00 GMT', undefined],
    ['nonsense', 'soon', undefined],
    ['zero', '0', undefined],
  ])('Retry-After in %s', async (_name, retryAfter, seconds) => {
    answer = respond(503, { 'retry-after': retryAfter });
    const { retryAfterSeconds } = (await openTarget().start(request)) as { retryAfterSeconds?: number };
    expect(retryAfterSeconds).toEqual(seconds);
    if (_name === 'a date') expect(retryAfterSeconds).toBeGreaterThan(55);
  });

  test('a target that does not answer in time is asked again later', async () => {
    answer = () => undefined;
    expect(await openTarget().start({ ...request, timeoutMs: 100 })).toMatchObject({
      kind: 'unavailable',
      reason: 'target_timeout',
      detail: expect.stringContaining('100 ms'),
    });
  });

  describe.each([
    ['stays open', (response: ServerResponse) => void response.write('why')],
    [
      'breaks off',
      (response: ServerResponse) => {
        response.write('why');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['never begins', (response: ServerResponse) => response.flushHeaders()],
  ])('one whose answer %s has answered: its status decides', (_name, rest) => {
    test.each<[number, object]>([
      [200, { kind: 'accepted', reference: { status: 200 } }],
      [400, { kind: 'refused', reference: { status: 400 } }],
      [429, { kind: 'unavailable', reason: 'target_busy', retryAfterSeconds: 7 }],
      [503, { kind: 'unavailable', reason: 'target_unavailable', retryAfterSeconds: 7 }],
    ])('%d', async (status, expected) => {
      answer = (response) => {
        response.writeHead(status, { 'retry-after': '7' });
        rest(response);
      };
      // Less than the text of an answer is waited for, and more.
      expect(await openTarget().start({ ...request, timeoutMs: 100 })).toMatchObject(expected);
      const startedAtMs = Date.now();
      expect(await openTarget().start({ ...request, timeoutMs: 60_000 })).toMatchObject(expected);
      expect(Date.now() - startedAtMs).toBeLessThan(10_000);
    });
  });

  test('one that hangs up is, too', async () => {
    answer = (response) => response.destroy();
    expect(await openTarget().start(request)).toMatchObject({ kind: 'unavailable', reason: 'target_unavailable' });
  });

  test.each([
    ['nobody listens', 'http://127.0.0.1:1/'],
    ['no such host', 'http://no-such-host.invalid/'],
  ])('%s: try again', async (_name, target) => {
    expect(await openTarget({ url: target }).start(request)).toMatchObject({
      kind: 'unavailable',
      reason: 'target_unavailable',
    });
  });

  test('of a long answer one kilobyte is kept and the rest not waited for', async () => {
    answer = (response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(700)), 1);
      response.on('close', () => clearInterval(more));
    };
    const result = await openTarget().start(request);
    expect(result).toMatchObject({ kind: 'accepted', reference: { response: 'x'.repeat(1024) } });
  });

  test('an answer that is not text does no harm', async () => {
    answer = (response) => response.end(Buffer.from([0xff, 0xfe, 0x00, 0xc3]));
    expect(await openTarget().start(request)).toMatchObject({ kind: 'accepted' });
  });

  test('a kept connection that the target closed meanwhile costs no attempt', async () => {
    const target = openTarget();
    answer = (response) => response.end('ok');
    await target.start(request);
    // The next request on the kept connection finds it closed before it is answered.
    let closed = 0;
    answer = (response) => {
      if (closed++ === 0) response.socket?.destroy();
      else response.end('ok');
    };
    expect(await target.start(request)).toMatchObject({ kind: 'accepted' });
  });
});

describe('only https and public addresses are called', () => {
  // Every spelling leads to loopback, a private network, the metadata service, or nowhere anybody may call.
  const spellings = [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.0.0.1.',
    '127。0。0。1',
    '１２７.0.0.1',
    '①②⑦.0.0.1',
    '%31%32%37.0.0.1',
    'user:pass@127.0.0.1',
    '127.255.255.254',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '0x7F.0x0.0x0.0x1',
    '0',
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '0xa000001',
    '012.0.0.1',
    '100.64.0.1',
    '100.127.255.255',
    '169.254.169.254',
    '169.254.170.2',
    '2852039166',
    '0xA9FEA9FE',
    '0251.0376.0251.0376',
    '169.16689662',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.0.1',
    '192.168.255.255',
    '3232235521',
    '0xc0a80001',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:169.254.169.254]',
    '[0:0:0:0:0:ffff:a9fe:a9fe]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::1]',
    '[100::1]',
    '[2001::1]',
    '[2001:0:7f00:1::]',
    '[2001:db8::1]',
    '[2002:7f00:1::]',
    '[2002:a9fe:a9fe::1]',
    '[3fff::1]',
    '[5f00::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fdff::1]',
    '[fe80::1]',
    '[febf::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[ff05::2]',
    '[4000::1]',
  ];

  test('the table has more than 60 spellings', () => {
    expect(new Set(spellings).size).toBeGreaterThan(60);
  });

  test.each(spellings)('https://%s/ is refused without a connection', async (host) => {
    const resolve = () => {
      throw new Error('a literal address was looked up');
    };
    const target = openTarget({ allowPrivate: false, url: `https://${host}/`, resolve });
    expect(await target.start(request)).toEqual({
      kind: 'refused',
      detail: expect.stringContaining('not on the public internet'),
    });
  });

  test.each(
    spellings.filter((host) => /^\[|^\d+\.\d+\.\d+\.\d+$/.test(host)).map((host) => host.replace(/[[\]]/g, '')),
  )('a name that resolves to %s is refused', async (address) => {
    const resolve: HttpTargetDeps['resolve'] = (_host, _options, callback) =>
      callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
    const target = openTarget({ allowPrivate: false, url: 'https://internal.example/', resolve });
    expect(await target.start(request)).toEqual({
      kind: 'refused',
      detail: expect.stringContaining('internal.example'),
    });
  });

  test.each(['fe80::1%eth0', 'localhost', '', '1.2.3', '1.2.3.4.5', '::ffff:8.8.8.8'])(
    '"%s" is not a public address',
    (address) => {
      expect(isPublicAddress(address)).toBe(false);
    },
  );

  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.0.1.1',
    '198.17.0.1',
    '198.20.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001::1',
    '2001:4860::8888',
  ])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test('one private address among public ones spoils them all', async () => {
    const resolve: HttpTargetDeps['resolve'] = (_host, _options, callback) =>
      callback(null, [
        { address: '8.8.8.8', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]);
    expect(
      await openTarget({ allowPrivate: false, url: 'https://mixed.example/', resolve }).start(request),
    ).toMatchObject({ kind: 'refused' });
  });

  test('a name server that changes its mind gains nothing: what was checked is what is connected to', async () => {
    const answers: LookupAddress[][] = [[{ address: '8.8.8.8', family: 4 }], [{ address: '127.0.0.1', family: 4 }]];
    let asked = 0;
    const lookup = publicOnly((_host, _options, callback) => callback(null, answers[asked++] ?? []));
    const lookUp = (all: boolean) =>
      new Promise((resolve) =>
        lookup('rebinding.example', { all }, (error, address, family) =>
          resolve(error?.message ?? (all ? address : { address, family })),
        ),
      );
    expect(await lookUp(true)).toEqual(answers[0]);
    expect(asked).toBe(1);
    expect(await lookUp(true)).toContain('not on the public internet');
    asked = 0;
    expect(await lookUp(false)).toEqual(answers[0]?.[0]);
    expect(asked).toBe(1);
  });

  test('the second look-up of a name is checked like the first', async () => {
    let asked = 0;
    const resolve: HttpTargetDeps['resolve'] = (_host, _options, callback) =>
      callback(null, [{ address: ['10.0.0.1', '127.0.0.1'][asked++] ?? '', family: 4 }]);
    const target = openTarget({ allowPrivate: false, url: `https://rebinding.example:${new URL(url).port}/`, resolve });
    for (const _attempt of [1, 2]) expect(await target.start(request)).toMatchObject({ kind: 'refused' });
    expect([asked, received]).toEqual([2, []]);
  });

  test('a name without an address is tried again later', async () => {
    const resolve: HttpTargetDeps['resolve'] = (_host, _options, callback) => callback(null, []);
    expect(
      await openTarget({ allowPrivate: false, url: 'https://gone.example/', resolve }).start(request),
    ).toMatchObject({ kind: 'unavailable', reason: 'target_unavailable' });
  });

  test.each(['user:pass@', 'user@', ':pass@'])('a URL with %s is refused, and nothing is sent', async (credentials) => {
    const answer = await openTarget({ url: url.replace('://', `://${credentials}`) }).start(request);
    expect(answer).toMatchObject({ kind: 'refused', detail: expect.stringContaining('a user or a password') });
    expect(JSON.stringify(answer)).not.toContain('pass@');
    expect(received).toEqual([]);
  });

  test('http is refused outside a local run', async () => {
    expect(await openTarget({ allowPrivate: false, url: 'http://public.example/' }).start(request)).toEqual({
      kind: 'refused',
      detail: "the target's URL is not https",
    });
  });
});
