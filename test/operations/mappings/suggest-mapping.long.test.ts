import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { actions } from '../../../shared/core/actions/index.ts';
import type { NormalizedEvent } from '../../../shared/core/events/normalized-event.ts';
import { readEventPath } from '../../../shared/core/mappings/event-path.ts';
import { fieldPathProblem, parseFieldPath } from '../../../shared/core/mappings/field-path.ts';
import { planEvent } from '../../../shared/core/plan/plan-event.ts';
import { dryRun } from '../../../shared/core/rehearsal/dry-run.ts';
import { readConfigurationFiles } from '../../../shared/operations/configuration/files/configuration-files.ts';
import { fileSchemas } from '../../../shared/operations/configuration/files/file-schemas.ts';
import { mappingYaml } from '../../../shared/operations/mappings/mapping-yaml.ts';
import { isSecret, payloadPaths } from '../../../shared/operations/mappings/payload-paths.ts';
import { likelyAction, suggestMapping } from '../../../shared/operations/mappings/suggest-mapping.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../../support/build.ts';
import fc, { anyCharacter } from '../../support/fast-check.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/sources/rudderstack');
const live = liveConfiguration();

async function normalized(body: unknown): Promise<NormalizedEvent | undefined> {
  return (await planEvent(rawEvent(body), live)).event;
}

async function suggested(body: unknown, action?: string) {
  const event = await normalized(body);
  if (event === undefined) throw new Error('the event is rejected');
  return suggestMapping({ event, source: 'rudderstack', action, snapshot: live.snapshot });
}

const identify = {
  type: 'identify',
  userId: 'usr_8841',
  traits: {
    email: 'lena@orchard.example',
    firstName: 'Lena',
    lastName: 'Ort',
    phone: '+34 910 000 001',
    plan: 'team',
    createdAt: '2026-05-04T08:15:30Z',
  },
  context: { traits: { avatar: 'https://orchard.example/l.png' }, ip: '203.0.113.7' },
};

describe('a suggested mapping', () => {
  test('of an identify event identifies the user, with fields found by their names', async () => {
    expect(await suggested(identify)).toMatchObject({
      mapping: {
        id: 'identify-2',
        event: 'identify',
        action: 'users_identify',
        parameters: {
          id: 'user_id',
          name: { template: '{{data.firstName}} {{data.lastName}}' },
          email: 'data.email',
          phone_number: 'data.phone',
          avatar: 'data.avatar',
          created_at: 'preprocess.created_at',
          properties: 'preprocess.custom_traits',
        },
      },
      notes: [],
    });
  });

  test('of anything else triggers the workflow of that name, with the event’s data', async () => {
    const { mapping, notes } = await suggested(trackEvent({ event: 'Order Completed' }));
    expect(mapping).toEqual({
      id: 'order-completed-2',
      event: 'track/Order Completed',
      action: 'workflows_trigger',
      parameters: { key: 'order-completed', recipients: 'user_id', data: 'data' },
    });
    expect(notes).toEqual([]);
  });

  test('says so where it guesses: a workflow that is not there, an event without a user', async () => {
    const { mapping, notes } = await suggested({ type: 'track', event: 'cart_left', anonymousId: 'a' });
    expect(mapping.parameters).toEqual({ key: { value: 'cart-left' }, recipients: 'user_id', data: 'body' });
    expect(notes).toEqual([
      'there is no workflow "cart-left" yet: write workflows/cart-left.yaml, or name another; there is order-completed',
      'this event names no user; user_id is there once the sender knows who it is',
    ]);
  });

  test('finds the user in the data when the event names none', async () => {
    const { mapping } = await suggested(trackEvent({ userId: undefined, properties: { customer_id: 'c-7' } }));
    expect(mapping.parameters.recipients).toBe('data.customer_id');
  });

  test.each([
    ['identify', 'users_identify'],
    ['user.created', 'users_identify'],
    ['customer.updated', 'users_identify'],
    ['track/Signed Up', 'workflows_trigger'],
    ['user.deleted', 'users_delete'],
    ['group', 'objects_set'],
    ['track/order_completed', 'workflows_trigger'],
    ['track/username_checked', 'workflows_trigger'],
    ['invoice.paid', 'workflows_trigger'],
  ])('of type %s is for %s', (eventType, action) => {
    expect(likelyAction({ eventType }).id).toBe(action);
  });
});

describe('pasted into the file of its source', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'signalbox-suggest-'));
    for (const folder of ['sources', 'workflows', 'environments']) mkdirSync(join(directory, folder));
    writeFileSync(
      join(directory, 'workflows/order-completed.yaml'),
      'name: O\ntarget: { development: { type: log } }\n',
    );
    writeFileSync(join(directory, 'environments/development.yaml'), '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const payloads: [string, unknown][] = [
    ['an identify', identify],
    ['an order', trackEvent()],
    ['a name with everything in it', trackEvent({ event: 'It\'s "50%": {done}\n# — ✓ ' })],
    ['a name of signs alone', trackEvent({ event: '¡!' })],
    [
      'keys with everything in them',
      trackEvent({ properties: { 'a b': 1, 'c.d': { '': 2 }, '{{x}}': 3, __proto__: 4, '\u001b[2J': '\u001b[2J\nx' } }),
    ],
    ['nothing but a type', { type: 'page' }],
    ...readdirSync(fixtures)
      .filter((name) => name.endsWith('.json') && !name.endsWith('.expected.json'))
      .map((name): [string, unknown] => [name, JSON.parse(readFileSync(join(fixtures, name), 'utf8'))]),
  ];
  const validate = new Ajv({ validateFormats: false, strictTypes: false }).compile(fileSchemas().source);

  test.each(payloads)('every action suggested for %s is valid, here and in an editor', async (_what, body) => {
    const event = await normalized(body);
    if (event === undefined) return expect(_what).toMatch(/without-type|list-as-name/);
    for (const action of [undefined, ...actions.map(({ id }) => id)]) {
      const suggestion = suggestMapping({ event, source: 'rudderstack', action, snapshot: live.snapshot });
      const file = `kind: rudderstack\nname: R\nmappings:\n${mappingYaml(suggestion, { source: 's', eventId: 'X' })}\n`;
      writeFileSync(join(directory, 'sources/rudderstack.yaml'), file);
      const { problems, snapshot } = readConfigurationFiles(directory);
      expect({ action, errors: problems.filter(({ severity }) => severity === 'error') }).toEqual({
        action,
        errors: [],
      });
      expect(snapshot.sources.rudderstack?.mappings).toEqual([suggestion.mapping]);
      expect([validate(parse(file)), validate.errors]).toEqual([true, null]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the very thing that must not be there
      expect(file).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
  });

  test('an identify and an order run at once', async () => {
    for (const body of [identify, trackEvent()]) {
      const { mapping } = await suggested(body);
      const configuration = liveConfiguration({ file: { mappings: [mapping] } });
      const { mappings } = await dryRun(rawEvent(body), { configuration, environment: 'development', nowMs: 0 });
      expect(mappings).toMatchObject([{ verdict: 'runs', action: { status: 'runs' } }]);
    }
  });
});

describe('the comments', () => {
  test('hold each path of the payload once, of lists the first entry, with shortened values', async () => {
    const items = [
      { sku: 'A', price: 5 },
      { sku: 'B', price: 6 },
    ];
    const suggestion = await suggested(
      trackEvent({
        properties: { total: 42.5, items, note: 'x'.repeat(200) },
        context: {},
        anonymousId: undefined,
        channel: 'web',
      }),
    );
    const text = mappingYaml(suggestion, { source: 's', eventId: 'X' });
    expect(text.split('\n').filter((line) => /^ {2}# {3}/.test(line))).toEqual([
      '  #   user_id               "usr_8841"',
      '  #   data.total            42.5',
      '  #   data.items.0.sku      "A"',
      '  #   data.items.0.price    5',
      expect.stringMatching(/^ {2}# {3}data\.note {13}"x{30,40}…"$/),
      '  #   headers.content-type  "application/json"',
      '  #   type                  "track"',
      '  #   event                 "order_completed"',
      '  #   messageId             "msg-1"',
      '  #   userId                "usr_8841"',
      '  #   channel               "web"',
      '  #   timestamp             "2026-05-04T08:15:30.310Z"',
    ]);
  });

  test('never hold a secret, nor whose address or phone number it is', async () => {
    const properties = {
      password: 'hunter2',
      apiKey: 'abc',
      nested: { access_token: 't0ken', reset: 'eyJhbGciOiJIUzI1NiJ9.e30.x' },
      stripe: 'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
      hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b',
      email: 'lena@orchard.example',
      phone: '+34 910 000 001',
      ip: '203.0.113.7',
    };
    const text = mappingYaml(await suggested(trackEvent({ properties })), { source: 's', eventId: 'X' });
    for (const secret of [
      'hunter2',
      '"abc"',
      't0ken',
      'eyJ',
      'sk_live',
      '9f86d0',
      'lena',
      'orchard.example',
      '910',
      '203.0',
    ])
      expect(text).not.toContain(secret);
    expect(text).toMatch(/data\.email +"l…@…" \(an e-mail address\)/);
  });

  test.each([
    ['data.order_id', '50314b8e9bcf000000000000', false],
    ['messageId', '8f14e45f-ceea-467f-a8c6-1b6a0c2f4e7d', false],
    ['data.tokenized', true, false],
    ['data.author', 'Lena', false],
    ['data.authToken', 'x', true],
    ['headers.x-signature', 'x', true],
    ['data.passphrase', 'x', true],
    ['data.session_id', 'x', true],
  ])('%s with %p: secret %p', (path, value, secret) => {
    expect(isSecret(path, value)).toBe(secret);
  });

  test('end after so many paths, and say how many more there are', async () => {
    const properties = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`field_${i}`, i]));
    const suggestion = await suggested(trackEvent({ properties }));
    expect(suggestion.paths).toHaveLength(60);
    expect(mappingYaml(suggestion, { source: 's', eventId: 'X' })).toMatch(/# {3}… and \d+ paths more$/);
    const event = await normalized(trackEvent({ properties }));
    expect(event && payloadPaths(event).more).toBeGreaterThan(40);
  });
});

describe('each suggested path', () => {
  const names = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'a',
        'b',
        'a.b',
        'b.a',
        '0',
        'Plan Name',
        '',
        'data',
        'body',
        'headers',
        'user_id',
        'length',
      ),
    },
    fc.constantFrom(
      'x[0]',
      '[0]',
      '"q"',
      "it's",
      'a\\',
      '{{x}}',
      '}}',
      'ключ',
      '😀',
      '\u2028',
      '\u200b',
      '\u0000',
      'a\nb',
      ': #',
      '@t',
      'null',
      '-',
      '*',
    ),
    fc.constantFrom('__proto__', 'constructor', 'prototype'),
    fc.string({ unit: anyCharacter, maxLength: 4 }),
  );
  const { payload } = fc.letrec<{ payload: Record<string, unknown>; value: unknown }>((tie) => ({
    payload: fc.dictionary(names, tie('value'), { maxKeys: 5 }),
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(0, '', null, false, 'text', 1.5),
      fc.nat(9),
      fc.array(tie('value'), { maxLength: 2 }),
      tie('payload'),
    ),
  }));

  test('leads to the value that is shown beside it, as it stands and where it is pasted, whatever the payload', () => {
    fc.assert(
      fc.property(payload, payload, (properties, rest) => {
        const event = normalizedNow({ ...rest, type: 'track', event: 'e', userId: 'u', properties });
        const { paths } = payloadPaths(event);
        for (const { path, value } of paths) {
          expect(fieldPathProblem(path)).toBeUndefined();
          expect(readEventPath(event, parseFieldPath(path))).toBe(value);
        }
        const text = mappingYaml(suggestMapping({ event, source: 's', snapshot: live.snapshot }), {
          source: 's',
          eventId: 'X',
        });
        const rows = text.split('\n').slice(text.split('\n').findIndex((line) => line.includes('What else')) + 1);
        for (const [i, { path }] of paths.entries()) {
          const pasted = rows[i]?.slice('  #   '.length) ?? '';
          // Two spaces stand between a path and its value, and none of a path's own are at its end.
          const written = [...pasted.matchAll(/ {2}/g)].map(({ index }) => pasted.slice(0, index).trimEnd());
          expect(written.some((one) => pastesAs(`{ path: ${one} }`, path) && pastesAs(`path: ${one}`, path))).toBe(
            true,
          );
        }
      }),
      { numRuns: 400 },
    );
  });

  test('is there for every value, unless a name on its way is refused', () => {
    fc.assert(
      fc.property(payload, (properties) => {
        fc.pre(!/__proto__|constructor|prototype/.test(JSON.stringify(properties)));
        expect(payloadPaths(normalizedNow({ type: 'track', event: 'e', properties })).without).toBe(0);
      }),
      { numRuns: 400 },
    );
    const refused = JSON.parse('{"__proto__": 1, "constructor": {"name": 2}, "a": 3}');
    const event = normalizedNow({ type: 'track', event: 'e', properties: refused });
    expect(payloadPaths(event).without).toBe(2);
    const suggestion = suggestMapping({ event, source: 's', snapshot: live.snapshot });
    expect(mappingYaml(suggestion, { source: 's', eventId: 'X' })).toContain('values that no path leads to: 2');
  });

  test('keeps a secret, also where its name has a space', () => {
    const event = normalizedNow({
      type: 'track',
      event: 'e',
      properties: { 'api key': 'abc', a: { 'Card Number': '4' } },
    });
    expect(
      payloadPaths(event)
        .paths.filter(({ segments }) => segments[0] === 'data')
        .map(({ shown }) => shown),
    ).toEqual(['(not shown)', '(not shown)']);
  });
});

function pastesAs(yaml: string, path: string): boolean {
  try {
    return (parse(yaml) as { path: unknown }).path === path;
  } catch {
    return false;
  }
}

function normalizedNow(body: unknown): NormalizedEvent {
  const { event } = planEvent(rawEvent(body), live);
  if (event === undefined) throw new Error('the event is rejected');
  return event;
}
