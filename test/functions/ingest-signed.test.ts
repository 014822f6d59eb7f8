import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { toIngestRequest } from '../../functions/ingest/answer.ts';
import { type IngestAnswer, type IngestRequest, ingestRequest } from '../../functions/ingest/ingest-request.ts';
import { Snapshot, SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import type { Verification } from '../../shared/core/configuration/verification.ts';
import { unpackEventText } from '../../shared/core/events/raw-event.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { problemOf } from '../../shared/core/ingest/refusal.ts';
import { effectiveSettings, verifierOf } from '../../shared/core/live/effective-settings.ts';
import type { Verifier } from '../../shared/core/signatures/verifier.ts';
import { sourceKind } from '../../shared/core/sources/index.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import { ingestKey, makeTestIngest, type TestIngest } from '../support/ingest.ts';

let ingest: TestIngest;
beforeEach(() => {
  ingest = makeTestIngest();
});

type Given = { file?: Record<string, unknown>; state?: Record<string, unknown> };

/** One source, `s`, of a kind. */
function liveSource(kind: string, { file, state }: Given = {}): LiveConfiguration {
  const source = SourceFile.parse({ kind, name: 'S', ...file });
  return {
    version: 1,
    snapshot: Snapshot.parse({ sources: { s: source }, workflows: {} }),
    state: { sources: { s: SourceState.parse(state ?? {}) }, inactive_workflows: [] },
  };
}

const secretName = 'sources/s';
const secrets: Record<string, string> = {
  stripe: 'whsec_canary_stripe',
  clerk: `whsec_${Buffer.from('canary key of Clerk').toString('base64')}`,
  workos: 'wos_canary',
  shopify: 'shpss_canary',
};
const kinds = Object.keys(secrets);
const secretOf = (kind: string) => secrets[kind] as string;

const body = '{"id": 820982911946154508, "type": "t", "event":"t",\n "password":"hunter2", "n":1.50}';

function request(rawBody: string | Uint8Array, headers: Record<string, string> = {}): IngestRequest {
  return {
    method: 'POST',
    source: 's',
    token: ingestToken(ingestKey, 's', 1),
    headers,
    rawBody: Buffer.from(rawBody as string),
  };
}

const verifierIn = (live: LiveConfiguration): Verifier => {
  const file = live.snapshot.sources.s as SourceFile;
  return verifierOf(sourceKind(file.kind), file);
};

/** A request as whoever knows `secret` sends it to the source that is live. */
function signed(secret: string, rawBody: string | Uint8Array = body, id = 'msg_1'): IngestRequest {
  const bytes = Buffer.from(rawBody as string);
  return request(bytes, verifierIn(ingest.live).sign({ rawBody: bytes, secret, nowMs: ingest.nowMs(), id }));
}

const answerTo = async (sent: IngestRequest): Promise<IngestAnswer> => (await ingestRequest(sent, ingest)).answer;

/** How the one event was verified, or what was answered instead. */
async function outcome(sent: IngestRequest): Promise<string | number> {
  ingest.sent.length = 0;
  const answer = await answerTo(sent);
  if (answer.kind === 'unavailable') return 503;
  if (answer.kind === 'refused') return `${problemOf(answer).status} ${answer.reason}`;
  expect(ingest.sent).toHaveLength(1);
  return ingest.sent[0]?.verification ?? 'none';
}

const storedText = () => ingest.sent.map(({ payload }) => unpackEventText(payload).body);

describe.each(kinds)('%s', (kind) => {
  const secret = secretOf(kind);
  beforeEach(() => {
    ingest.live = liveSource(kind);
    ingest.stored.set(secretName, [secret]);
  });

  test('is enforced from the start: signed requests get in, with the exact bytes, and no others do', async () => {
    expect(await outcome(signed(secret))).toBe('enforced:verified');
    expect(storedText()).toEqual([body]);
    expect(await outcome(request(body))).toBe('401 signature_missing');
    expect(await outcome(signed('another'))).toBe('401 signature_wrong');
    expect(await outcome({ ...signed(secret), rawBody: Buffer.from(body.replace('1.50', '1.51')) })).toBe(
      '401 signature_wrong',
    );
    expect(ingest.sent).toEqual([]);
  });

  test('costs no more than an unsigned source but its secret, which is cached', async () => {
    await outcome(signed(secret));
    expect(ingest.calls).toEqual([
      'configuration.current',
      'secrets.valuesOf ingest',
      `secrets.valuesOf ${secretName}`,
      'events.sendEach',
    ]);
  });

  test('a wrong signature is refused after the secret was read again, once', async () => {
    await outcome(signed('another'));
    expect(ingest.calls.filter((call) => call === `secrets.refresh ${secretName}`)).toHaveLength(1);
    ingest.refreshed.set(secretName, ['another', secret]);
    expect(await outcome(signed('another'))).toBe('enforced:verified');
    expect(await outcome(signed(secret))).toBe('enforced:verified');
  });

  test('two secrets may be active while one replaces the other', async () => {
    const older = kind === 'clerk' ? `whsec_${Buffer.from('older').toString('base64')}` : 'older';
    ingest.stored.set(secretName, [secret, older]);
    expect(await outcome(signed(older))).toBe('enforced:verified');
    expect(await outcome(signed(secret))).toBe('enforced:verified');
    ingest.stored.set(secretName, [secret]);
    expect(await outcome(signed(older))).toBe('401 signature_wrong');
  });

  test('without a secret: 503, for who signs and who does not', async () => {
    for (const none of [undefined, []]) {
      if (none === undefined) ingest.stored.delete(secretName);
      else ingest.stored.set(secretName, none);
      expect(await outcome(signed(secret))).toBe(503);
      expect(await outcome(request(body))).toBe(503);
    }
  });

  test('while the secret cannot be read: 503, never accepted unchecked and never refused', async () => {
    ingest.failing.add(`secrets.valuesOf ${secretName}`);
    expect(await outcome(signed(secret))).toBe(503);
    expect(await outcome(signed('another'))).toBe(503);
    expect(await outcome(request(body))).toBe(503);
  });

  test('switched off in an environment: all get in, and the check is noted', async () => {
    ingest.live = liveSource(kind, { state: { verification: { enforced: false } } });
    expect(await outcome(signed(secret))).toBe('not_enforced:verified');
    expect(await outcome(signed('another'))).toBe('not_enforced:failed');
    expect(await outcome(request(body))).toBe('not_enforced:skipped');
  });

  test('an indented body is verified and stored as it was sent', async () => {
    const pretty = JSON.stringify(JSON.parse('{"type":"t","data":{"object":{"id":"ünïcode"}}}'), undefined, 2);
    expect(await outcome(signed(secret, pretty))).toBe('enforced:verified');
    expect(storedText()).toEqual([pretty]);
  });

  test.each([true, false])(
    'the gateway’s body is the bytes that were signed, in base64 or not: %j',
    async (isBase64) => {
      for (const bytes of [Buffer.from(body), Buffer.from('{"type":"t","note":"ünïcode 🍊"}')]) {
        const sent = signed(secret, bytes);
        const event = gatewayEvent(sent, isBase64);
        expect(await outcome(toIngestRequest(event))).toBe('enforced:verified');
        expect(storedText()).toEqual([bytes.toString()]);
      }
    },
  );

  test('a compressed body is verified as it came, before it is inflated', async () => {
    const gzipped = gzipSync(body);
    const sent = signed(secret, gzipped);
    const compressed = { ...sent, headers: { ...sent.headers, 'content-encoding': 'gzip' } };
    expect(await outcome(toIngestRequest(gatewayEvent(compressed, true)))).toBe('enforced:verified');
    expect(storedText()).toEqual([body]);
    const ofPlain = { ...signed(secret).headers, 'content-encoding': 'gzip' };
    expect(await outcome(request(gzipped, ofPlain))).toBe('401 signature_wrong');
  });

  test('what is not text at all is checked before it is refused', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x7b]);
    expect(await outcome(signed(secret, bytes))).toBe('400 body_not_utf8');
    expect(await outcome(signed('another', bytes))).toBe('401 signature_wrong');
  });

  test('a list is refused: one request is one event', async () => {
    expect(await outcome(signed(secret, `[${body},${body}]`))).toBe('400 batch_not_accepted');
    expect(await outcome(signed(secret, `[${body}]`))).toBe('400 batch_not_accepted');
  });

  test('keeps what mappings read of the headers, and no signature, whatever the source asks for', async () => {
    const { credentialHeaders } = verifierIn(ingest.live);
    ingest.live = liveSource(kind, { file: { headers: [...credentialHeaders] } });
    const kept = sourceKind(kind)?.keptHeaders ?? [];
    const sent = signed(secret);
    const others = Object.fromEntries(kept.map((name) => [name, sent.headers[name] ?? 'msg_1']));
    expect(await outcome({ ...sent, headers: { ...others, ...sent.headers } })).toBe('enforced:verified');
    const [event] = ingest.sent;
    if (event === undefined) throw new Error('nothing was queued');
    expect(unpackEventText(event.payload).headers).toEqual(others);
  });

  test('fields are blotted out after the check, on their way into the store', async () => {
    ingest.live = liveSource(kind, { file: { redact: ['pass*'] } });
    expect(await outcome(signed(secret))).toBe('enforced:verified');
    expect(storedText()).toEqual([body.replace('hunter2', '[redacted]')]);
    // What was signed is what was sent: a body that is blotted out already is another one.
    const blotted = { ...signed(secret), rawBody: Buffer.from(body.replace('hunter2', '[redacted]')) };
    expect(await outcome(blotted)).toBe('401 signature_wrong');
  });

  test('a refusal says what the sender has to do, and nothing of the secret', async () => {
    const answer = await answerTo(signed('canary-of-the-sender'));
    if (answer.kind !== 'refused') throw new Error(answer.kind);
    expect(answer.detail).toContain(verifierIn(ingest.live).credentialHeaders[0]);
    expect(JSON.stringify(problemOf(answer))).not.toContain('canary');
  });
});

function gatewayEvent({ headers, rawBody }: IngestRequest, isBase64Encoded: boolean): APIGatewayProxyEventV2 {
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value])),
    pathParameters: { source: 's', token: ingestToken(ingestKey, 's', 1) },
    requestContext: { http: { method: 'POST' } },
    body: Buffer.from(rawBody).toString(isBase64Encoded ? 'base64' : 'utf8'),
    isBase64Encoded,
  } as unknown as APIGatewayProxyEventV2;
}

describe('enforcement', () => {
  const enforcementOf = (kind: string, file: Record<string, unknown> = {}, state: Record<string, unknown> = {}) =>
    effectiveSettings(sourceKind(kind), SourceFile.parse({ kind, name: 'S', ...file }), SourceState.parse(state))
      .enforcement;

  test('is on where the vendor signs every request, and off where a wrong secret would lose events', () => {
    expect(kinds.map((kind) => enforcementOf(kind))).toEqual(['on', 'on', 'on', 'on']);
    expect(enforcementOf('rudderstack')).toBe('off');
  });

  test('is on where a source declares its own check, off where it declares none, and as an environment says', () => {
    const declared = { verification: { kind: 'bearer' } };
    expect(enforcementOf('rudderstack', declared)).toBe('on');
    expect(enforcementOf('rudderstack', { verification: { kind: 'none' } })).toBe('off');
    expect(enforcementOf('rudderstack', declared, { verification: { enforced: false } })).toBe('off');
    expect(enforcementOf('rudderstack', declared, { verification: { enforced: 'once_set' } })).toBe('once_set');
    expect(enforcementOf('stripe', {}, { verification: { enforced: false } })).toBe('off');
  });
});

describe('once_set', () => {
  const secret = secretOf('stripe');
  const onceSet = () => liveSource('stripe', { state: { verification: { enforced: 'once_set' } } });
  beforeEach(() => {
    ingest.live = onceSet();
  });

  test('without a secret every request gets in, unchecked', async () => {
    expect(await outcome(request(body))).toBe('not_enforced:skipped');
    expect(await outcome(signed(secret))).toBe('not_enforced:skipped');
    ingest.stored.set(secretName, []);
    expect(await outcome(request(body))).toBe('not_enforced:skipped');
  });

  test('with one, an unsigned request is refused', async () => {
    ingest.stored.set(secretName, [secret]);
    expect(await outcome(signed(secret))).toBe('enforced:verified');
    expect(await outcome(request(body))).toBe('401 signature_missing');
    expect(await outcome(signed('another'))).toBe('401 signature_wrong');
  });

  test('while it is unknown whether one is set: 503, never accepted unchecked', async () => {
    ingest.failing.add(`secrets.valuesOf ${secretName}`);
    expect(await outcome(request(body))).toBe(503);
    expect(await outcome(signed(secret))).toBe(503);
    ingest.failing.clear();
    ingest.stored.set(secretName, [secret]);
    ingest.failing.add(`secrets.refresh ${secretName}`);
    expect(await outcome(signed('another'))).toBe(503);
    expect(await outcome(signed(secret))).toBe('enforced:verified');
  });

  test('a secret that was removed a second ago refuses no request', async () => {
    ingest.stored.set(secretName, [secret]);
    let reads = 0;
    const { valuesOf } = ingest.secrets;
    ingest.secrets.valuesOf = async (name) => {
      if (name === secretName && ++reads > 1) ingest.stored.set(secretName, []);
      return valuesOf(name);
    };
    expect(await outcome(request(body))).toBe('not_enforced:skipped');
  });
});

describe('a check that a source’s file declares', () => {
  const declared: [Verification['kind'], Record<string, unknown>, string][] = [
    ['header', { kind: 'header' }, 'vec-shared-1'],
    ['header', { kind: 'header', header: 'X-Own-Secret' }, 'vec-shared-1'],
    ['bearer', { kind: 'bearer' }, 'tok_vec_51f0'],
    ['basic', { kind: 'basic' }, 'user:pass'],
    ['standard-webhooks', { kind: 'standard-webhooks' }, secretOf('clerk')],
    ['hmac', { kind: 'hmac', header: 'X-Hub-Signature-256', prefix: 'sha256=' }, 'text key'],
    [
      'hmac',
      {
        kind: 'hmac',
        header: 'x-slack-signature',
        prefix: 'v0=',
        content: 'v0:{timestamp}:{body}',
        timestamp: { header: 'x-slack-request-timestamp' },
      },
      'text key',
    ],
    [
      'hmac',
      {
        kind: 'hmac',
        header: 'x-sig',
        algorithm: 'sha512',
        encoding: 'base64',
        content: '{id}.{timestamp}.{body}',
        timestamp: { header: 'x-sig-time', unit: 'milliseconds', tolerance_seconds: 30 },
        id_header: 'x-sig-id',
        key: 'base64',
      },
      'whsec_c2VjcmV0',
    ],
    ['hmac', { kind: 'hmac', header: 'x-sig', algorithm: 'sha1' }, 'text key'],
  ];

  test('there is a case for each kind of check', () => {
    const checked = new Set<string>([...declared.map(([kind]) => kind), 'none']);
    expect([...checked].sort()).toEqual(['basic', 'bearer', 'header', 'hmac', 'none', 'standard-webhooks']);
  });

  test.each(declared)('%s %j', async (_, verification, secret) => {
    ingest.live = liveSource('rudderstack', { file: { verification } });
    expect(await outcome(request(body))).toBe(503);
    ingest.stored.set(secretName, [secret]);
    expect(verifierIn(ingest.live).secretProblem(secret)).toBeUndefined();
    expect(await outcome(signed(secret))).toBe('enforced:verified');
    expect(await outcome(signed(`${secret}QUJD`))).toBe('401 signature_wrong');
    expect(await outcome(request(body))).toBe('401 signature_missing');
    const [credential = ''] = verifierIn(ingest.live).credentialHeaders;
    expect(await outcome(request(body, { [credential]: secret.slice(1) }))).toBe('401 signature_wrong');
    const { toleranceSeconds } = verifierIn(ingest.live);
    if (toleranceSeconds === undefined) return;
    const [sentAtMs, sent] = [ingest.nowMs(), signed(secret)];
    ingest.nowMs = () => sentAtMs + toleranceSeconds * 1000;
    expect(await outcome(sent)).toBe('enforced:verified');
    ingest.nowMs = () => sentAtMs + toleranceSeconds * 1000 + 1000;
    expect(await outcome(sent)).toBe('401 signature_wrong');
  });

  test('none: every request gets in, whatever its headers', async () => {
    ingest.live = liveSource('rudderstack', { file: { verification: { kind: 'none' } } });
    ingest.stored.set(secretName, ['secret']);
    expect(await outcome(request(body, { 'x-webhook-secret': 'wrong' }))).toBe('not_enforced:skipped');
    ingest.live = liveSource('rudderstack', {
      file: { verification: { kind: 'none' } },
      state: { verification: { enforced: true } },
    });
    expect(await outcome(request(body, { 'x-webhook-secret': 'secret' }))).toBe('401 signature_missing');
  });

  test('takes the place of the kind’s own', async () => {
    ingest.live = liveSource('rudderstack', { file: { verification: { kind: 'bearer' } } });
    ingest.stored.set(secretName, ['secret']);
    expect(await outcome(request(body, { 'x-webhook-secret': 'secret' }))).toBe('401 signature_missing');
    expect(await outcome(request(body, { authorization: 'Bearer secret' }))).toBe('enforced:verified');
  });
});
