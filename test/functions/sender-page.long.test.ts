import { createHash, randomBytes } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { authenticate } from '../../functions/api/authenticate.ts';
import { answerPage, type PageDeps, rememberedCounts } from '../../functions/sender-page/answer-page.ts';
import { withCode } from '../../functions/sender-page/html.ts';
import { makeRateLimit } from '../../functions/sender-page/rate-limit.ts';
import { makeApiKeys } from '../../shared/adapters/dynamodb-api-keys.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSourceLinks } from '../../shared/adapters/dynamodb-source-links.ts';
import { Snapshot, SourceFile } from '../../shared/core/configuration/schema.ts';
import { linkEntropyBytes } from '../../shared/core/ids/link-token.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { createKey } from '../../shared/operations/keys/keys.ts';
import { createLink, type LinkRequest, listLinks, revokeLink } from '../../shared/operations/links/links.ts';
import { ingestUrls, secretsOf } from '../../shared/operations/sources/ingest-urls.ts';
import { rotateUrl } from '../../shared/operations/sources/rotate-url.ts';
import { type EntryChange, eventEntry } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration, trackEvent } from '../support/build.ts';
import { localCredentials } from '../support/dynalite.ts';
import { makeCountedMetrics } from '../support/fakes.ts';
import { makeKeptLog } from '../support/function-log.ts';

/* The page as the function answers it, over the embedded tables and metrics. */

const minuteMs = 60_000;
const startMs = Date.parse('2026-11-29T14:05:30Z');

let environment: TestEnvironment;
let secrets: SecretsManagerClient;
let nowMs = startMs;

beforeAll(async () => {
  const started = await startEnvironment();
  secrets = new SecretsManagerClient({ endpoint: started.secretServer.endpoint, ...localCredentials });
  environment = { ...started, secrets: async () => secrets };
  const { snapshot, state } = liveConfiguration();
  const stripe = SourceFile.parse({ kind: 'stripe', name: 'Stripe', mappings: [] });
  await environment.commit({
    version: 1,
    state,
    snapshot: Snapshot.parse({ ...snapshot, sources: { ...snapshot.sources, stripe } }),
  });
});
afterAll(async () => {
  secrets.destroy();
  await environment.stop();
});
beforeEach(() => {
  nowMs = startMs;
});

async function linkTo(source: string, change: Partial<LinkRequest> = {}): Promise<{ id: string; token: string }> {
  const request = { source, days: 7, payloads: false, showsUrl: true, ...change };
  const { id, link } = await createLink(environment, request, {
    author: 'ada',
    nowMs,
    entropy: randomBytes(linkEntropyBytes),
  });
  return { id, token: link.split('/').at(-1) ?? '' };
}

type Asked = { method?: string; query?: Record<string, string>; form?: Record<string, string> };

function requestOf(token: string, { method = 'GET', query, form }: Asked = {}): APIGatewayProxyEventV2 {
  const body = form && new URLSearchParams(form).toString();
  return {
    pathParameters: { token },
    rawPath: `/v1/links/${token}`,
    ...(query && { queryStringParameters: query }),
    // As the gateway hands on what is no text in its eyes.
    ...(body !== undefined && { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }),
    headers: {},
    requestContext: { requestId: 'request-1', http: { method: form ? 'POST' : method } },
  } as unknown as APIGatewayProxyEventV2;
}

function makePage(change: Partial<PageDeps> = {}) {
  const log = { ...makeKeptLog(), infos: [] as Record<string, unknown>[] };
  const metrics = makeCountedMetrics();
  const deps: PageDeps = {
    environment,
    configuration: makeConfigurationSource(environment.configuration, { nowMs: () => nowMs }),
    links: makeSourceLinks(environment.configuration),
    rateLimit: makeRateLimit(),
    counts: rememberedCounts(environment, () => nowMs),
    metrics,
    log: { ...log, info: (message, context) => void log.infos.push({ message, ...context }) },
    nowMs: () => nowMs,
    ...change,
  };
  return { log, metrics, open: (token: string, asked?: Asked) => answerPage(requestOf(token, asked), deps) };
}

const open = async (token: string, asked?: Asked) => String((await makePage().open(token, asked)).body);
/** What a reader sees of a page. */
const words = (body: unknown) =>
  String(body)
    .replace(/<(style|script)>.*?<\/\1>/gs, '')
    .replace(/<\/?(time|code|span|bdi|strong|a)\b[^>]*>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replace(/\s+/g, ' ');

async function keep(change: EntryChange): Promise<EventLogEntry> {
  const entry = eventEntry({ receivedAtMs: nowMs - 20_000, ...change });
  await environment.eventLog.writeEach([entry]);
  const { id, source, eventType } = entry;
  await makeSeenRegistry(environment.configuration).note(
    [{ source, eventId: id, ...(eventType !== undefined && { eventType }) }],
    nowMs,
  );
  return entry;
}

function count(source: string, name: string, value: number, minutesAgo: number, reason?: string): void {
  const of = { name, unit: 'Count', timeMs: nowMs - minutesAgo * minuteMs, values: [value] };
  const dimensions = { environment: 'development', source };
  environment.history.add([
    { ...of, dimensions },
    ...(reason === undefined ? [] : [{ ...of, dimensions: { ...dimensions, reason } }]),
  ]);
}

describe('a source without events', () => {
  test('says what to do: where to send, the steps at the vendor, and that an event is shown at once', async () => {
    const { token } = await linkTo('stripe');
    const shown = words(await open(token));
    expect(shown).toContain('Stripe development');
    expect(shown).toContain('No event has come in yet.');
    expect(shown).toContain("In Stripe's webhook settings, add an endpoint");
    expect(shown).toContain('Endpoint URL: the URL above');
    expect(shown).toContain('npx signalbox secrets set stripe');
    expect(shown).toContain('are for the person who gave you this link');
    expect(shown).not.toContain('{url}');
  });
});

test('an example in the steps keeps its lines', () => {
  expect(withCode('Read `preprocess.…`:\n```yaml\nkind: http\nname: Deploys\n```').markup).toBe(
    'Read <code>preprocess.…</code>:\n<pre tabindex="0">kind: http\nname: Deploys</pre>',
  );
});

describe('a source with events', () => {
  beforeAll(async () => {
    nowMs = startMs;
    await keep({});
    await keep({ status: 'no_mapping', reason: 'no_mapping_for_type', eventType: 'Identify' });
    await keep({
      status: 'rejected',
      reason: 'payload_invalid',
      eventType: 'page',
      detail: 'userId is "secret-detail"',
    });
    count('rudderstack', 'EventsAccepted', 41, 3);
    count('rudderstack', 'EventsAccepted', 1_200, 90);
    count('rudderstack', 'EventsProcessed', 1_100, 3);
    count('rudderstack', 'RequestsRefused', 7, 2, 'body_not_json');
    count('stripe', 'EventsAccepted', 99, 3);
  });

  test('shows whether they arrive, how many, how each ended and why, and what to change', async () => {
    const { token } = await linkTo('rudderstack');
    const body = await open(token);
    const shown = words(body);
    expect(shown).toContain('Events come in. The last one came 20 s ago.');
    expect(shown).toMatch(/Accepted 1,241 Processed 1,100 .* Refused requests 7 /);
    expect(body).toContain('41 events accepted, 7 requests refused; at most 41 in one minute');
    expect(shown).toContain('track/order_completed processed');
    expect(shown).toContain('page rejected payload_invalid');
    expect(shown).toContain('payload_invalid The event lacks a field that this kind of sender always has');
    expect(shown).toContain('7 × The body is not JSON.');
    expect(shown).toContain('Look for quotes and commas in the template of the body');
    expect(shown).toContain('Identify Nearly the name of a mapped type that never came: identify.');
    expect(shown).toContain('identify What came is called Identify.');
  });

  test('says that the last requests were refused, when these came after the last event', async () => {
    await keep({ source: 'stripe', receivedAtMs: nowMs - 5 * minuteMs });
    count('stripe', 'RequestsRefused', 2, 1, 'signature_wrong');
    const { token } = await linkTo('stripe');
    expect(words(await open(token))).toContain(
      'The last requests were refused. See why, and what to change. The last event came 5 min ago.',
    );
  });

  test('shows nothing of what events hold, of users, and of the sentences that quote them', async () => {
    const { token } = await linkTo('rudderstack');
    const { id } = await keep({ body: trackEvent({ properties: { order_id: 'secret-order' } }) });
    const pages = [await open(token), await open(token, { query: { event: id } })];
    for (const hidden of ['secret-order', 'usr_8841', 'msg-1', 'secret-detail', 'Open'])
      for (const page of pages) expect(page).not.toContain(hidden);
  });

  test('a link made with payloads shows the one that is asked for, and no other', async () => {
    const { token } = await linkTo('rudderstack', { payloads: true });
    const { id } = await keep({ body: trackEvent({ properties: { order_id: '<b>A-77</b>' } }), detail: 'why it did' });
    expect(await open(token)).not.toContain('A-77');
    const page = await open(token, { query: { event: id } });
    expect(page).toContain('&lt;b&gt;A-77&lt;/b&gt;');
    expect(page).toContain('why it did');
    expect(words(await open(token, { query: { event: 'nonsense' } }))).toContain('There is no such event');
  });

  test('is the only one that its link reads: neither key, nor counts, nor events of another', async () => {
    const ofStripe = await keep({ source: 'stripe', eventType: 'invoice.paid', body: { id: 'evt_secret' } });
    const { token } = await linkTo('rudderstack', { payloads: true });
    for (const query of [undefined, { event: ofStripe.id }, { source: 'stripe' }]) {
      const page = await open(token, query && { query });
      for (const hidden of ['stripe', 'Stripe', 'invoice.paid', 'evt_secret', '>99<'])
        expect(page).not.toContain(hidden);
    }
  });

  test('text of strangers stays text, and what cannot be seen or turns the line is a symbol', async () => {
    const hostile = '"><script>alert(1)</script>\u202e\u0007\u200b<img src=x onerror=alert(2)>';
    const { id } = await keep({ eventType: hostile, body: trackEvent({ event: hostile }) });
    const { token } = await linkTo('rudderstack', { payloads: true });
    const page = await open(token, { query: { event: id } });
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toContain('<img');
    expect(page).toContain('⟨U+202E⟩␇⟨U+200B⟩');
    for (const unseen of ['\u202e', '\u0007', '\u200b']) expect(page).not.toContain(unseen);
    const tried = await open(token, { form: { payload: `</textarea><script>alert(3)</script>${hostile}` } });
    expect(tried.match(/<script/g)).toHaveLength(1);
    expect(tried.match(/<\/textarea>/g)).toHaveLength(1);
  });

  test('is shown without counts while these cannot be read', async () => {
    const { token } = await linkTo('rudderstack');
    const { open, log } = makePage({ counts: () => Promise.reject(new Error('CloudWatch is away')) });
    const { statusCode, body } = await open(token);
    expect(statusCode).toBe(200);
    expect(words(body)).toContain('The counts cannot be read at the moment.');
    expect(words(body)).toContain('track/order_completed');
    expect(log.lines).toMatchObject([{ message: 'the counts of a page could not be read' }]);
  });
});

describe('the ingest URL', () => {
  const urlOf = async (source: string) =>
    (await ingestUrls(environment, await secretsOf(environment)))(source, { generation: 1 } as never);

  test('is shown when it is asked for with a form, which no preview of a link does', async () => {
    const { token } = await linkTo('stripe');
    const url = await urlOf('stripe');
    expect(await open(token)).not.toContain(url);
    expect(await open(token, { query: { show: 'url' } })).not.toContain(url);
    expect(await open(token, { form: { show: 'url' } })).toContain(url);
  });

  test('is not in a link made without it, nor in the table in a form that its readers could use', async () => {
    const { token } = await linkTo('stripe', { showsUrl: false });
    expect(await open(token, { form: { show: 'url' } })).not.toContain(await urlOf('stripe'));
    const { token: other } = await linkTo('stripe');
    const { Items = [] } = await environment.documents.send(
      new ScanCommand({ TableName: environment.outputs.ConfigurationTable }),
    );
    const stored = JSON.stringify(Items, (_key, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    expect(stored).toContain('"links"');
    for (const hidden of [token, other, (await urlOf('stripe')).split('/').at(-1) ?? ''])
      expect(stored).not.toContain(hidden);
  });

  test('is not shown any more once it was replaced', async () => {
    const { token } = await linkTo('rudderstack');
    await rotateUrl(environment.configuration, {
      source: 'rudderstack',
      evenIfValid: false,
      author: 'ada',
      message: undefined,
      nowMs,
    } as never);
    const page = words(await open(token, { form: { show: 'url' } }));
    expect(page).toContain('The URL was replaced after this link was made');
    expect(page).not.toContain(await urlOf('rudderstack'));
  });
});

describe('what opens nothing', () => {
  test('a link that never was, was changed, has ended, was revoked, or is of another environment: the same answer', async () => {
    const { token } = await linkTo('rudderstack');
    const expired = await linkTo('rudderstack', { days: 1 });
    const revoked = await linkTo('rudderstack');
    await revokeLink(environment, revoked.id, { author: 'ada', nowMs });
    const { key } = await createKey(
      environment,
      { name: 'k', kind: 'secret' },
      { author: 'a', nowMs, entropy: randomBytes(32) },
    );
    const elsewhere = await startEnvironment();
    const other = makePage({ links: makeSourceLinks(elsewhere.configuration) });
    nowMs += 86_400_000;
    const page = makePage();
    expect((await page.open(token)).statusCode).toBe(200);
    const changed = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    const answers = [
      await page.open(`lk_${'A'.repeat(43)}`),
      await page.open(changed),
      await page.open(expired.token),
      await page.open(expired.token, { form: { payload: '{}' } }),
      await page.open(revoked.token),
      await page.open(revoked.token, { form: { show: 'url' } }),
      await other.open(token),
      await page.open(''),
      await page.open(`${token}/`),
      await page.open(key),
      await page.open(token.slice(3)),
      await page.open(token, { method: 'PUT' }),
      await page.open(token, { method: 'DELETE' }),
    ];
    await elsewhere.stop();
    const [first] = answers;
    expect(first).toMatchObject({ statusCode: 404, body: expect.stringContaining('This link opens nothing') });
    for (const answer of answers) expect(answer).toEqual(first);
    expect(page.metrics.counts.get('ApiRefused link_unknown')).toBe(answers.length - 1);
  });

  test('a token opens no call of the REST API, and costs it no look-up', async () => {
    const { token } = await linkTo('rudderstack');
    const keys = makeApiKeys(environment.configuration);
    const wrong = await authenticate('Bearer sk_wrong', keys);
    for (const given of [token, token.replace('lk_', 'sk_'), token.replace('lk_', 'pk_')])
      expect(await authenticate(`Bearer ${given}`, keys)).toEqual(wrong);
    const none = { find: () => Promise.reject(new Error('it was looked up')) };
    expect(await authenticate(`Bearer ${token}`, none)).toEqual(wrong);
  });

  test('a source that was taken out of the configuration says so, with the events that are still kept', async () => {
    const { token } = await linkTo('stripe');
    const { snapshot, state } = liveConfiguration();
    const gone = makePage({ configuration: { current: async () => ({ version: 9, snapshot, state }) } });
    expect(words((await gone.open(token)).body)).toContain('This source is not set up any more.');
    expect(words((await gone.open(token, { form: { payload: '{}' } })).body)).toContain('is not set up any more');
  });

  test('a table that is away answers 503, with a time to try again, and the log has the cause', async () => {
    const { token } = await linkTo('rudderstack');
    const { open, log } = makePage({
      links: { find: () => Promise.reject(new TypeError('the table is away')), noteUse: async () => undefined },
    });
    const answer = await open(token);
    expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5', 'cache-control': 'no-store' } });
    expect(answer.body).not.toContain('the table is away');
    expect(log.lines).toMatchObject([{ level: 'error', message: 'page not answered', request_id: 'request-1' }]);
  });
});

describe('a payload that is tried', () => {
  const tried = async (payload: string, token?: string) => {
    const page = await open(token ?? (await linkTo('rudderstack')).token, { form: { payload } });
    return words(/<div id="tried">.*?<\/section>/s.exec(page)?.[0]);
  };

  test('is told what would become of it', async () => {
    expect(await tried(JSON.stringify(trackEvent()))).toMatch(
      /processed Type: track\/order_completed ?User: usr_8841 ?Key: msg-1 Mapping order-completed \(workflows_trigger\): runs/,
    );
    expect(await tried(JSON.stringify(trackEvent({ userId: undefined, messageId: undefined })))).toMatch(
      /processed, without any effect .*Without a key no copy is recognised.*skipped required_field_missing/,
    );
    expect(await tried(JSON.stringify(trackEvent({ event: 'never heard' })))).toContain(
      'no mapping No mapping is made for events of this type.',
    );
    expect(await tried('{"type": "track",}')).toMatch(/refused The body is not JSON\. .*line 1, column 18/);
    // What was pasted is not asked for again.
    for (const payload of ['{"type": "track",}', '{"event":"x"}', JSON.stringify(trackEvent({ event: 'never heard' }))])
      expect(await tried(payload)).not.toMatch(/paste .*below|those below/i);
    expect(await tried('{"event":"x"}')).toMatch(/rejected It cannot be told what type the event has\./);
    expect(await tried(' ')).toContain('Paste a payload first');
    expect(await tried('[]')).toContain('It holds no events');
    expect(await tried(`"${'x'.repeat(300_000)}"`)).toContain('more than can be tried');
  });

  test('leaves nothing behind: no row, no claim, no message, and no event type', async () => {
    const { token } = await linkTo('rudderstack');
    await open(token);
    const contents = async () => {
      const { ClaimsTable, EventLogTable, ActionLogTable, DirectoryTable, WorkflowRunsTable, ConfigurationTable } =
        environment.outputs;
      const names = [ClaimsTable, EventLogTable, ActionLogTable, DirectoryTable, WorkflowRunsTable, ConfigurationTable];
      const scans = await Promise.all(
        names.map((TableName) => environment.documents.send(new ScanCommand({ TableName }))),
      );
      return scans.map(({ Items }) => Items);
    };
    const before = await contents();
    await tried(JSON.stringify(trackEvent({ event: 'only_tried' })), token);
    await tried(JSON.stringify(trackEvent()), token);
    expect(await contents()).toEqual(before);
  });
});

describe('answers', () => {
  test('allow the page’s own style and script alone, set no cookie, and are neither kept nor indexed', async () => {
    const { token } = await linkTo('rudderstack');
    for (const { headers = {}, body = '', cookies } of [
      await makePage().open(token),
      await makePage().open('nothing'),
    ]) {
      const policy = String(headers['content-security-policy']);
      expect(policy).toMatch(/^default-src 'none'; /);
      expect(policy).not.toContain('unsafe');
      for (const [, kind, text] of body.matchAll(/<(script|style)>(.*?)<\/\1>/gs)) {
        const hash = createHash('sha256').update(String(text)).digest('base64');
        expect(policy).toContain(`${kind}-src 'sha256-${hash}'`);
      }
      const tags = body
        .replace(/<(style|script)>.*?<\/\1>/gs, '')
        .match(/<[^>]*>/g)
        ?.join('\n');
      expect(tags).not.toMatch(/ (style|on\w+)=|https?:\/\/|<(script|style)/);
      expect(cookies).toBeUndefined();
      expect(Object.keys(headers)).not.toContain('set-cookie');
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-robots-tag': expect.stringContaining('noindex'),
      });
    }
  });

  test('HEAD is a GET without its body', async () => {
    const { token } = await linkTo('rudderstack');
    expect(await makePage().open(token, { method: 'HEAD' })).toMatchObject({ statusCode: 200, body: '' });
  });

  test('a link that is asked for too often waits, and takes no other’s turn', async () => {
    const [one, other] = [await linkTo('rudderstack'), await linkTo('rudderstack')];
    const { open } = makePage();
    const statuses: number[] = [];
    for (let i = 0; i < 41; i++) statuses.push((await open(one.token)).statusCode);
    expect(statuses).toEqual([...Array(40).fill(200), 429]);
    expect((await open(other.token)).statusCode).toBe(200);
    nowMs += 1000;
    expect((await open(one.token)).statusCode).toBe(200);
  });
});

describe('use', () => {
  test('is a line with the id of the link and what was asked, and never the token', async () => {
    const { id, token } = await linkTo('rudderstack', { payloads: true });
    const { open, log } = makePage();
    await open(token);
    await open(token, { form: { show: 'url' } });
    await open(token, { form: { payload: '{}' } });
    await open(token, { query: { event: 'x' } });
    await revokeLink(environment, id, { author: 'ada', nowMs });
    await open(token);
    expect(log.infos.map(({ asked, status }) => [asked, status])).toEqual([
      ['page', 200],
      ['url', 200],
      ['trial', 200],
      ['event', 200],
      ['nothing', 404],
    ]);
    expect(log.infos[0]).toMatchObject({
      message: 'link opened',
      link: id,
      source: 'rudderstack',
      request_id: 'request-1',
    });
    expect(JSON.stringify(log.infos)).not.toContain(token.slice(3));
  });

  test('links that ended 30 days ago are gone from the list once another is made', async () => {
    const [old, revoked] = [await linkTo('stripe', { days: 1 }), await linkTo('stripe', { days: 90 })];
    await revokeLink(environment, revoked.id, { author: 'ada', nowMs });
    const idsAfter = async (days: number) => {
      nowMs = startMs + days * 86_400_000;
      await linkTo('stripe', { days: 1 });
      return (await listLinks(environment, 'stripe', nowMs)).map(({ id }) => id);
    };
    expect(await idsAfter(29)).toEqual(expect.arrayContaining([old.id, revoked.id]));
    const later = await idsAfter(30.5);
    expect(later).toContain(old.id);
    expect(later).not.toContain(revoked.id);
    expect(await idsAfter(32)).not.toContain(old.id);
  });

  test('is noted once per hour, and the list shows the hour', async () => {
    const { id, token } = await linkTo('rudderstack');
    const rowOf = async () => (await listLinks(environment, 'rudderstack', nowMs)).find((row) => row.id === id);
    expect(await rowOf()).toMatchObject({ last_used_at: null, created_by: 'ada', state: 'works' });
    await open(token);
    nowMs += 10 * minuteMs;
    await open(token);
    expect(await rowOf()).toMatchObject({ last_used_at: '2026-11-29T14:00:00.000Z' });
    nowMs += 60 * minuteMs;
    await open(token);
    expect(await rowOf()).toMatchObject({ last_used_at: '2026-11-29T15:00:00.000Z' });
  });
});
