import { DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeSecrets } from '../../shared/adapters/secrets-manager-secrets.ts';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { liveConfiguration } from '../support/build.ts';
import { type CliAnswer, startCli, type TestCli } from './cli-for-tests.ts';

// Each command is a process of its own, which starts slowly on a busy machine.

let cli: TestCli;
let client: SecretsManagerClient;
beforeAll(async () => {
  const { snapshot } = liveConfiguration();
  const target = (value: unknown) => WorkflowFile.parse({ name: 'w', target: { development: value } });
  const workflows = {
    shipping: target({ type: 'http', url: 'https://example.com/hook' }),
    welcome: target({ type: 'knock', workflow: 'welcome' }),
  };
  cli = await startCli({ ...snapshot, workflows });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new SecretsManagerClient({ endpoint: cli.secretsEndpoint, region: 'us-east-1', credentials });
});
afterAll(async () => {
  client.destroy();
  await cli.stop();
});

const json = ({ stdout }: CliAnswer) => JSON.parse(stdout);
const full = (name: string) => `signalbox/development/${name}`;
const stored = (name: string) => JSON.parse(cli.secrets.get(full(name))?.current.text ?? 'null');
/** As a function reads it: fresh each time. */
const asFunctions = (name: string) => makeSecrets({ client, prefix: 'signalbox/development' }).valuesOf(name);
const listed = async (name: string) => {
  const rows: { name: string }[] = json(await cli.signalbox(['secrets', 'list', '--json']));
  return rows.find((row) => row.name === name);
};
const now = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
const word = 'canary-word';

describe('secrets', () => {
  test('set takes the key of a source alone, and neither prints nor echoes the value', async () => {
    const set = await cli.signalbox(['secrets', 'set', 'rudderstack'], `${word}-1\n`);
    expect(set).toMatchObject({ code: 0, stdout: '' });
    expect(set.stderr).toContain('sources/rudderstack is set in development: 1 value active');
    expect(set.stderr).toMatch(/Functions use it within 5 minutes, the last by \d\d:\d\d:\d\dZ\./);
    expect(set.stderr).not.toContain(word);
    expect(await asFunctions('sources/rudderstack')).toEqual([`${word}-1`]);
    expect(await listed('sources/rudderstack')).toMatchObject({ values: 1, set_at: [now] });
  });

  test('rotate keeps the old value beside the new one until it is retired; each keeps its age', async () => {
    const [first] = ((await listed('sources/rudderstack')) as unknown as { set_at: string[] }).set_at;
    const rotated = await cli.signalbox(['secrets', 'rotate', 'rudderstack', '--json'], `${word}-2`);
    expect(json(rotated)).toMatchObject({ name: 'sources/rudderstack', values: 2, set_at: [now, first], ended: 0 });
    expect(rotated.stderr).toContain('npx signalbox secrets rotate sources/rudderstack --retire');
    expect(await asFunctions('sources/rudderstack')).toEqual([`${word}-2`, `${word}-1`]);
    const again = await cli.signalbox(['secrets', 'rotate', 'rudderstack'], `${word}-3`);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/two active values.*\n.*--retire\n.*--force/);
    expect((await cli.signalbox(['secrets', 'rotate', 'rudderstack'], `${word}-1`)).stderr).toContain('active already');
    expect(await asFunctions('sources/rudderstack')).toEqual([`${word}-2`, `${word}-1`]);
    const retired = await cli.signalbox(['secrets', 'rotate', 'rudderstack', '--retire', '--json']);
    expect(json(retired)).toMatchObject({ values: 1, ended: 1, set_at: [json(rotated).set_at[0]] });
    expect(await asFunctions('sources/rudderstack')).toEqual([`${word}-2`]);
    expect((await cli.signalbox(['secrets', 'rotate', 'rudderstack', '--retire'])).stderr).toContain('single value');
  });

  test('set --also keeps one more, and at most two are ever active', async () => {
    await cli.signalbox(['secrets', 'set', 'sources/rudderstack', '--also'], `${word}-3`);
    const third = await cli.signalbox(['secrets', 'set', 'sources/rudderstack', '--also'], `${word}-4`);
    expect(third.stderr).toContain('2 values active, 1 older one ended');
    expect(await asFunctions('sources/rudderstack')).toEqual([`${word}-4`, `${word}-3`]);
    await cli.signalbox(['secrets', 'set', 'sources/rudderstack'], `${word}-5`);
    expect(await asFunctions('sources/rudderstack')).toEqual([`${word}-5`]);
  });

  test('--generate makes a value that functions can use, and prints it alone and once', async () => {
    const made = await cli.signalbox(['secrets', 'set', 'targets/shipping', '--generate']);
    expect(made.stdout).toMatch(/^whsec_[A-Za-z0-9+/]{43}=\n$/);
    expect(made.stderr).toContain('the only time');
    expect(made.stderr).not.toContain(made.stdout.trim());
    expect(await asFunctions('targets/shipping')).toEqual([made.stdout.trim()]);
    const { generated, values } = json(
      await cli.signalbox(['secrets', 'rotate', 'rudderstack', '--generate', '--json']),
    );
    expect(values).toBe(2);
    expect(generated).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await asFunctions('sources/rudderstack')).toEqual([generated, `${word}-5`]);
    const list = await cli.signalbox(['secrets', 'list']);
    expect(list.stdout + list.stderr).not.toContain(generated);
  });

  test('of channels for alarms are set before anything is deployed that uses them', async () => {
    const url = 'https://hooks.slack.com/services/T0/B0/xyz';
    expect((await cli.signalbox(['secrets', 'set', 'notifier/slack'], url)).stderr).toContain('notifier/slack is set');
    expect(await asFunctions('notifier/slack')).toEqual([url]);
    const made = await cli.signalbox(['secrets', 'set', 'notifier/webhook', '--generate']);
    expect(made.stdout).toMatch(/^whsec_/);
    const foreign = await cli.signalbox(['secrets', 'set', 'notifier/pagerduty', '--generate']);
    expect(foreign.stderr).toContain('is made by PagerDuty, not here');
  });

  test.each<[string, string[], string, number, RegExp]>([
    ['a slip', ['set', 'sources/rudderstak'], 'x', 3, /did you mean "sources\/rudderstack"\?/],
    ['a slip of a bare key', ['set', 'rudderstak'], 'x', 3, /did you mean "sources\/rudderstack"\?/],
    ['a workflow without targets/', ['set', 'shipping'], 'x', 3, /did you mean "targets\/shipping"\?/],
    [
      'a name of nothing',
      ['set', 'zzzzzzzzzzzzzzzz'],
      'x',
      3,
      /there are: .*sources\/rudderstack, .*targets\/.*shipping/,
    ],
    ['the ingest key', ['set', 'ingest'], 'x', 3, /nothing that takes a secret "ingest"/],
    ['a name that no source can have', ['set', 'Rudder Stack'], 'x', 2, /did you mean "sources\/rudderstack"\?/],
    [
      'a name of another form',
      ['set', 'secrets/rudderstack'],
      'x',
      2,
      /it is sources\/KEY, targets\/WORKFLOW or notifier\/CHANNEL/,
    ],
    ['a channel of another name', ['set', 'notifier/slak'], 'x', 3, /did you mean "notifier\/slack"\?/],
    ['what is no address of Slack', ['set', 'notifier/slack'], word, 2, /must be the https:\/\/ address/],
    ['what is no key of PagerDuty', ['set', 'notifier/pagerduty'], word, 2, /which has 32 characters/],
    ['a signing key of a webhook that is none', ['set', 'notifier/webhook'], word, 2, /"whsec_" followed by/],
    ['a masked value', ['set', 'rudderstack'], '••••••••', 2, /masked|printable ASCII/],
    ['nothing as the value', ['set', 'rudderstack'], '\n', 2, /the value is empty/],
    ['a header of several lines', ['rotate', 'rudderstack'], `${word}\r\n${word}`, 2, /printable ASCII/],
    ['a signing secret that is none', ['set', 'targets/shipping'], `${word}`, 2, /"whsec_" followed by/],
    ['a secret that somebody else makes', ['set', 'targets/welcome', '--generate'], '', 2, /is made by Knock/],
    ['rotating what is not set', ['rotate', 'targets/welcome'], 'sk_x', 3, /secrets set targets\/welcome/],
    ['retiring what is not set', ['rotate', 'targets/welcome', '--retire'], '', 3, /is not set/],
    ['retiring and more', ['rotate', 'rudderstack', '--retire', '--force'], '', 2, /neither/],
  ])('%s is refused, changes nothing and quotes no value', async (_name, args, input, code, reason) => {
    const before = ['sources/rudderstack', 'targets/shipping', 'targets/welcome'].map(stored);
    const answer = await cli.signalbox(['secrets', ...args], input);
    expect([answer.code, answer.stdout]).toEqual([code, '']);
    expect(answer.stderr).toMatch(reason);
    expect(answer.stderr).not.toContain(word);
    expect(['sources/rudderstack', 'targets/shipping', 'targets/welcome'].map(stored)).toEqual(before);
  });

  test('what can only be a slip of pasting is removed, and said', async () => {
    const value = `${word}-pasted`;
    const set = await cli.signalbox(['secrets', 'set', 'rudderstack', '--also'], `  WEBHOOK_SECRET="${value}" \n`);
    expect(set).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/Removed from what was pasted: .*spaces around it/),
    });
    expect(set.stderr).not.toContain(value);
    expect((await asFunctions('sources/rudderstack'))?.[0]).toBe(value);
  });

  test('list shows how many values are active, how old each is, and the day of the last use; never reads them', async () => {
    const today = new Date().toISOString().slice(0, 10);
    await cli.signalbox(['secrets', 'set', 'targets/welcome'], 'sk_test');
    expect(await listed('targets/welcome')).toEqual({
      name: 'targets/welcome',
      values: 1,
      set_at: [now],
      changed_at: now,
      last_used_on: null,
      deleted_on: null,
    });
    await asFunctions('targets/welcome');
    expect(await listed('targets/welcome')).toMatchObject({ last_used_on: today });
    expect((await cli.signalbox(['secrets', 'list'])).stdout).toMatch(
      /sources\/rudderstack +2 +(just now|.* ago), .*today/,
    );
  });

  test('what was set by other means is listed without ages, and keeps its value when it is rotated', async () => {
    const secret = cli.secrets.get(full('targets/welcome'));
    if (secret === undefined) throw new Error('it was set above');
    cli.secrets.put(secret, { text: JSON.stringify({ values: ['sk_by_hand', 'sk_older'] }) });
    expect(await listed('targets/welcome')).toMatchObject({ values: null, set_at: [], changed_at: now });
    expect((await cli.signalbox(['secrets', 'rotate', 'targets/welcome'], 'sk_3')).code).toBe(1);
    const rotated = await cli.signalbox(['secrets', 'rotate', 'targets/welcome', '--force', '--json'], 'sk_3');
    expect(json(rotated)).toMatchObject({ values: 2, set_at: [now, now], ended: 1 });
    expect(await asFunctions('targets/welcome')).toEqual(['sk_3', 'sk_by_hand']);
  });

  test('what is damaged can be set anew, and is never shown', async () => {
    const secret = cli.secrets.get(full('targets/welcome'));
    if (secret === undefined) throw new Error('it was set above');
    cli.secrets.put(secret, { text: `{"values": "${word}` });
    const rotated = await cli.signalbox(['secrets', 'rotate', 'targets/welcome'], 'sk_4');
    expect([rotated.code, rotated.stderr.includes(word)]).toEqual([3, false]);
    expect((await cli.signalbox(['secrets', 'set', 'targets/welcome'], 'sk_4')).code).toBe(0);
    expect(await asFunctions('targets/welcome')).toEqual(['sk_4']);
  });

  test('config log says who changed which secret or key, and when; neither a refused change nor a value is there', async () => {
    const made = await cli.signalbox(['secrets', 'set', 'targets/shipping', '--generate']);
    await cli.signalbox(['secrets', 'rotate', 'targets/shipping', '--generate']);
    await cli.signalbox(['secrets', 'rotate', 'targets/shipping', '--retire']);
    await cli.signalbox(['secrets', 'rotate', 'targets/shipping', '--retire']);
    const log = async (...options: string[]) => json(await cli.signalbox(['config', 'log', '--json', ...options]));
    const of = ['--resource', 'workflow/shipping', '--kind', 'secret'];
    const rows = await log(...of);
    const at = (change: string) => ({ kind: 'secret', access: { name: 'targets/shipping', change }, created_at: now });
    // Before these, other tests had set it.
    expect(rows.slice(0, 3)).toMatchObject([at('retired'), at('rotated'), at('set')]);
    expect(rows.slice(3).map(({ access }: { access: unknown }) => access)).not.toContainEqual(at('retired').access);
    for (const row of rows) expect(row).toMatchObject({ version: 1, author: expect.any(String), changes: [] });
    expect(JSON.stringify(rows)).not.toContain(made.stdout.trim());

    const [first] = await log(...of, '--limit', '1');
    const cursor = `${first.version}.${Date.parse(first.created_at)}`;
    expect(await log(...of, '--after', cursor)).toEqual(rows.slice(1));

    const key = json(await cli.signalbox(['keys', 'create', 'census', '--json']));
    await cli.signalbox(['keys', 'revoke', key.id]);
    expect(await log('--kind', 'key')).toMatchObject([
      { id: key.id, access: { name: 'census', change: 'revoked' } },
      { id: key.id, access: { name: 'census', change: 'created' } },
    ]);
    expect((await log('--kind', 'commit', '--limit', '1'))[0]).toMatchObject({ version: 1, access: null });
    expect((await log('--all')).map(({ kind }: { kind: string }) => kind).at(-1)).toBe('commit');
  });

  test('sources says how many are active', async () => {
    expect(json(await cli.signalbox(['sources', 'rudderstack', '--json']))).toMatchObject([
      { verification: { secrets: 2 } },
    ]);
  });

  describe('one that is scheduled for deletion', () => {
    const schedule = (name: string) =>
      client.send(new DeleteSecretCommand({ SecretId: full(name), RecoveryWindowInDays: 7 }));
    const day = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);

    test('is shown as such, cannot be used or rotated, and each answer names the command that restores it', async () => {
      await schedule('sources/rudderstack');
      expect(await listed('sources/rudderstack')).toMatchObject({ values: 2, deleted_on: day });
      const restore = /npx signalbox secrets restore (sources\/)?rudderstack/;
      const list = await cli.signalbox(['secrets', 'list']);
      expect(list.stdout).toContain(day);
      expect(list.stderr).toMatch(restore);
      await expect(asFunctions('sources/rudderstack')).rejects.toMatchObject({ reason: 'scheduled_for_deletion' });
      for (const extra of [[], ['--retire']]) {
        const rotated = await cli.signalbox(['secrets', 'rotate', 'rudderstack', ...extra], `${word}-9`);
        expect(rotated).toMatchObject({ code: 1, stdout: '' });
        expect(rotated.stderr).toMatch(restore);
      }
      const source = await cli.signalbox(['sources', 'rudderstack']);
      expect(source.stdout).toMatch(restore);
      expect((await cli.signalbox(['sources'])).stderr).toMatch(restore);
      expect(json(await cli.signalbox(['sources', 'rudderstack', '--json']))).toMatchObject([
        { verification: { secrets: 2, secret_deleted_on: day } },
      ]);
    });

    test('is restored with the values that it had, once', async () => {
      const restored = await cli.signalbox(['secrets', 'restore', 'rudderstack']);
      expect(restored).toMatchObject({ code: 0, stderr: expect.stringContaining('2 values active') });
      expect(await asFunctions('sources/rudderstack')).toHaveLength(2);
      expect((await cli.signalbox(['secrets', 'restore', 'rudderstack'])).stderr).toContain('nothing was changed');
      const unknown = await cli.signalbox(['secrets', 'restore', 'stripe']);
      expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining('scheduled for deletion: none') });
    });

    test('is restored by setting a value, which says so', async () => {
      await schedule('targets/welcome');
      const set = await cli.signalbox(['secrets', 'set', 'targets/welcome'], 'sk_5');
      expect(set).toMatchObject({ code: 0, stderr: expect.stringContaining('it is restored') });
      expect(await asFunctions('targets/welcome')).toEqual(['sk_5']);
    });

    test('stops every command that needs it with a sentence, not with a stack trace', async () => {
      await schedule('ingest');
      const listed = await cli.signalbox(['sources']);
      expect(listed).toMatchObject({ code: 1, stdout: '' });
      expect(listed.stderr).toMatch(/"ingest" is scheduled for deletion\n.*npx signalbox secrets restore ingest/);
      expect(listed.stderr).not.toContain('at ');
      expect((await cli.signalbox(['secrets', 'restore', 'ingest'])).code).toBe(0);
      expect((await cli.signalbox(['sources'])).code).toBe(0);
    });
  });
});
