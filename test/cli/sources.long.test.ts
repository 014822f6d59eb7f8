import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { ingestPath, ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { capabilities, capabilityOutputs } from '../../shared/operations/configuration/capabilities.ts';
import { liveConfiguration } from '../support/build.ts';
import { type CliAnswer, startCli, type TestCli } from './cli-for-tests.ts';

// Each command is a process of its own, which starts slowly on a busy machine.

let cli: TestCli;
beforeAll(async () => {
  const { snapshot } = liveConfiguration();
  const { rudderstack } = snapshot.sources;
  if (rudderstack === undefined) throw new Error('the configuration of tests has no source rudderstack');
  // One that is called like a command.
  cli = await startCli(
    { ...snapshot, sources: { rudderstack, rotate: { ...rudderstack, name: 'Rotating' } } },
    capabilityOutputs(capabilities),
  );
});
afterAll(() => cli.stop());

const url = (source: string, generation: number) =>
  `http://127.0.0.1:9${ingestPath(source, ingestToken('ingest-key', source, generation))}`;
const json = ({ stdout }: CliAnswer) => JSON.parse(stdout);
const urlState = async (source = 'rudderstack') => (await readLive(cli.table)).state.sources[source]?.url;

describe('sources', () => {
  test('lists all, shows one by its key, and one that is called like a command by show', async () => {
    expect(json(await cli.signalbox(['sources', '--json'])).map(({ key }: { key: string }) => key)).toEqual([
      'rotate',
      'rudderstack',
    ]);
    const one = await cli.signalbox(['sources', 'rudderstack']);
    expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining(url('rudderstack', 1)) });
    expect(one.stdout).not.toContain('old URL');
    expect((await cli.signalbox(['sources', 'show', 'rotate'])).stdout).toContain('Rotating');
    expect(json(await cli.signalbox(['sources', 'list', 'rotate', '--json']))).toMatchObject([{ key: 'rotate' }]);
  });

  test.each([
    ['rudderstak', 'did you mean "rudderstack"?'],
    ['disabel', 'did you mean "disable"?'],
    ['something-else', 'there are: rotate, rudderstack'],
  ])('of what is neither a source nor a command says what was meant: %s', async (word, meant) => {
    const answer = await cli.signalbox(['sources', word]);
    expect(answer.code).toBe(3);
    expect(answer.stderr).toContain(meant);
  });

  test('disable and enable say from which version, and do nothing twice', async () => {
    const off = await cli.signalbox(['sources', 'disable', 'rudderstack', '-m', 'flood', '--json']);
    expect(json(off)).toMatchObject({
      environment: 'development',
      source: 'rudderstack',
      enabled: false,
      changed: true,
    });
    expect((await cli.signalbox(['sources', 'disable', 'rudderstack'])).stdout).toContain('already');
    expect((await cli.signalbox(['sources'])).stdout).toContain('off');
    expect((await cli.signalbox(['sources', 'enable', 'rudderstack'])).stdout).toContain('is on in development');
    expect((await cli.signalbox(['sources', 'enable', 'ruderstack'])).stderr).toContain('did you mean "rudderstack"?');
  });

  test('rotate prints the new URL alone on standard output, and what to do next beside it', async () => {
    const rotated = await cli.signalbox(['sources', 'rotate', 'rudderstack']);
    expect(rotated.stdout).toBe(`${url('rudderstack', 2)}\n`);
    expect(rotated.stderr).toContain('npx signalbox sources rotate rudderstack --retire');
    const shown = (await cli.signalbox(['sources', 'rudderstack'])).stdout;
    expect(shown).toContain(url('rudderstack', 2));
    expect(shown).toMatch(/old URL +still valid; not used since it was replaced/);
    const nowMs = Date.now();
    const eventId = makeEventId('rudderstack', 0, nowMs - 12 * 60_000, new Uint8Array(12));
    const event = { source: 'rudderstack', eventId, oldCredentials: ['url', 'key'] as const };
    // Received before the rotation: it came by a URL of before that.
    await makeSeenRegistry(cli.table).note([event], nowMs);
    expect((await cli.signalbox(['sources', 'rudderstack'])).stdout).toContain('not used since');
    const again = await cli.signalbox(['sources', 'rotate', 'rudderstack']);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('is still valid');
    expect(await urlState()).toMatchObject({ generation: 2 });
  });

  test('rotate --retire refuses to end a URL in use without a terminal to ask on, unless --yes says so', async () => {
    const nowMs = Date.now();
    const eventId = makeEventId('rudderstack', 0, nowMs, new Uint8Array(12));
    await makeSeenRegistry(cli.table).note([{ source: 'rudderstack', eventId, oldCredentials: ['url'] }], nowMs);
    const shown = await cli.signalbox(['sources', 'show', 'rudderstack', '--json']);
    expect(json(shown)).toMatchObject([
      { url_generation: 2, previous_url: { last_used_at: new Date(nowMs).toISOString() }, previous_key: null },
    ]);
    const refused = await cli.signalbox(['sources', 'rotate', 'rudderstack', '--retire']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/last used (just now|\d+ s ago).*404[\s\S]*--yes/);
    const retired = await cli.signalbox(['sources', 'rotate', 'rudderstack', '--retire', '--yes', '--json']);
    expect(json(retired)).toMatchObject({ source: 'rudderstack', retired: true, generation: 2 });
    expect(await urlState()).toMatchObject({ generation: 2, previous_valid: false });
    expect((await cli.signalbox(['sources', 'rotate', 'rudderstack', '--retire'])).stdout).toContain('no old URL');
  });

  test('while the ingest key is being replaced, shows when a URL of the old one was last used', async () => {
    const secret = cli.secrets.get('signalbox/development/ingest');
    if (secret) cli.secrets.put(secret, { text: JSON.stringify({ current: 'new-key', previous: 'ingest-key' }) });
    const shown = (await cli.signalbox(['sources', 'rudderstack'])).stdout;
    expect(shown).toMatch(/old ingest key +still accepted; last used 12 min ago/);
    expect((await cli.signalbox(['sources', 'show', 'rotate'])).stdout).toMatch(
      /old ingest key +still accepted; not used/,
    );
  });

  test.each([
    [['--force', '--retire'], '--force is for rotating'],
    [['--yes'], '--yes is for --retire'],
  ])('rotate %j is wrong usage', async (args, reason) => {
    const answer = await cli.signalbox(['sources', 'rotate', 'rudderstack', ...args]);
    expect(answer.code).toBe(2);
    expect(answer.stderr).toContain(reason);
  });
});

describe('workflow', () => {
  test('pause and resume switch it here, are recorded, and name what there is', async () => {
    const drop = ['workflow', 'pause', 'order-completed', '--drop', '-m', 'wrong template', '--json'];
    const paused = await cli.signalbox(drop);
    expect(json(paused)).toMatchObject({ workflow: 'order-completed', active: false, changed: true });
    expect((await readLive(cli.table)).state.inactive_workflows).toEqual(['order-completed']);
    const resumed = await cli.signalbox(['workflow', 'resume', 'order-completed']);
    expect(resumed.stdout).toContain('workflow order-completed is active in development');
    expect(resumed.stderr).toContain('replay');
    const held = await cli.signalbox(['workflow', 'pause', 'order-completed', '-m', 'target is down']);
    expect(held.stdout).toContain('workflow order-completed is paused in development');
    expect(held.stderr).toContain('its runs are held from now on, 14 days at most');
    expect((await readLive(cli.table)).state).toMatchObject({
      inactive_workflows: [],
      held_workflows: { 'order-completed': { reason: 'target is down' } },
    });
    const released = await cli.signalbox(['workflow', 'resume', 'order-completed', '--rate', '5/s', '--json']);
    expect(json(released)).toMatchObject({ kind: 'release', state: 'done', request: { perSecond: 5 }, total: 0 });
    expect((await readLive(cli.table)).state).not.toHaveProperty('held_workflows');
    const unknown = await cli.signalbox(['workflow', 'pause', 'order-complete']);
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining('did you mean "order-completed"?') });
  });
});
