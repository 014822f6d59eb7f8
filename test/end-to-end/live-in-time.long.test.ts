import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../infra/cli/environment.ts';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import { listSourceRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import type { Environment } from '../../shared/operations/environment.ts';
import { eventLogOf, readEvent } from '../../shared/operations/events/events.ts';
import { setSettings } from '../../shared/operations/settings/settings.ts';
import { switchMapping, switchSource } from '../../shared/operations/settings/switches.ts';
import { ingestUrls, secretsOf } from '../../shared/operations/sources/ingest-urls.ts';
import { readSources } from '../../shared/operations/sources/known-sources.ts';
import { retireUrl, rotateUrl } from '../../shared/operations/sources/rotate-url.ts';
import { trackEvent } from '../support/build.ts';
import { configFolder, configure } from '../support/config.ts';

/* Switches are in force within 30 seconds, on the stack as it is deployed, by the functions that the CLI calls. */

const promisedMs = 30_000;

let runtime: Runtime;
let environment: Environment;
let directory: string;
const asked = () => ({ author: 'Ben', nowMs: Date.now() });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-live-'));
  runtime = await startRuntime({ environments: ['development'], port: 0, configure, commitsAtOnce: false });
  const { region, endpoints, credentials, outputs } = runtime.environments.development ?? {};
  const file = join(directory, 'runtime.json');
  const environments = { development: { region, endpoints, credentials, outputs } };
  writeFileSync(file, JSON.stringify({ pid: process.pid, started_at: new Date().toISOString(), environments }));
  process.env.SIGNALBOX_RUNTIME_FILE = file;
  environment = await connect({ environment: 'development' });
  // Three sources of one kind, so that each switch shows by itself.
  const { snapshot } = readConfigurationFiles(configFolder);
  const { rudderstack } = snapshot.sources;
  if (rudderstack === undefined) throw new Error('the shipped configuration has no source rudderstack');
  Object.assign(snapshot.sources, { copies: rudderstack, stopped: rudderstack, rotated: rudderstack });
  const { configuration } = environment;
  await pushAndCommit(configuration, { snapshot, seed: undefined, message: 'test', ...asked() });
  await rotateUrl(configuration, { source: 'rotated', evenIfValid: false, ...asked() });
});

afterAll(async () => {
  await runtime?.stop();
  environment?.documents.destroy();
  delete process.env.SIGNALBOX_RUNTIME_FILE;
  rmSync(directory, { recursive: true, force: true });
});

async function post(url: string, event: object): Promise<{ status: number; id: string }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(event) });
  const body = (await response.json()) as { ids?: string[] };
  return { status: response.status, id: body.ids?.[0] ?? '' };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The row of an accepted event, which comes soon after. */
async function rowOf(id: string): Promise<EventLogEntry> {
  const { known } = await readSources(environment);
  for (let i = 0; i < 200; i++) {
    const row = await readEvent(eventLogOf(environment), id, known);
    if (row !== undefined) return row as EventLogEntry;
    await pause(50);
  }
  throw new Error(`event ${id} has no row`);
}

test('every switch is in force within 30 seconds, each event is processed wholly by one version, and its row names it', async () => {
  const { configuration } = environment;
  const urlOf = await ingestUrls(environment, await secretsOf(environment));
  const url = (source: string, generation = 1) => urlOf(source, { generation, previous_valid: false });
  let sent = 0;
  const track = (change = {}) => trackEvent({ messageId: `m-${++sent}`, ...change });
  const identify = () => ({ type: 'identify', messageId: `m-${++sent}`, userId: 'u1', traits: { name: 'Lena' } });
  const probes = {
    mapping: () => post(url('rudderstack'), identify()),
    copies: () => post(url('copies'), track({ messageId: 'one-and-the-same' })),
    stopped: () => post(url('stopped'), track()),
    old: () => post(url('rotated', 1), track()),
    new: () => post(url('rotated', 2), track()),
  };
  type Probe = keyof typeof probes;
  const outcomes = async () => {
    const found = {} as Record<Probe, { status: number; row?: EventLogEntry }>;
    for (const name of Object.keys(probes) as Probe[]) {
      const { status, id } = await probes[name]();
      found[name] = { status, ...(status === 200 && { row: await rowOf(id) }) };
    }
    return found;
  };

  // Before: functions have loaded what is live now.
  await outcomes();
  const { version: before } = await readLive(configuration);
  expect(await outcomes()).toMatchObject({
    mapping: { row: { status: 'processed', configVersion: before } },
    copies: { row: { status: 'idempotent', configVersion: before } },
    stopped: { row: { status: 'processed', configVersion: before } },
    old: { status: 200, row: { status: 'processed', configVersion: before } },
    new: { status: 200, row: { status: 'processed', configVersion: before } },
  });
  // The old URL is known to be in use, as `sources KEY` would say.
  const registry = await listSourceRegistry(configuration);
  const used = registry.find(({ source }) => source === 'rotated')?.previousUrlUsedAtMs;
  expect(used).toBeGreaterThan(Date.now() - 60_000);
  expect(await retireUrl(configuration, { source: 'rotated', evenIfUsed: false, ...asked() })).toMatchObject({
    kind: 'used_lately',
    previous: { lastUsedAtMs: used },
  });

  await switchMapping(configuration, { source: 'rudderstack', mapping: 'identify', active: false, ...asked() });
  await setSettings(configuration, { source: 'copies', settings: { idempotency: false }, ...asked() });
  await switchSource(configuration, { source: 'stopped', enabled: false, ...asked() });
  await retireUrl(configuration, { source: 'rotated', evenIfUsed: true, ...asked() });
  const changedAtMs = Date.now();
  const { version: after } = await readLive(configuration);
  expect(after).toBe(before + 4);

  for (;;) {
    const { mapping, copies, stopped, old, new: fresh } = await outcomes();
    const rows = [mapping, copies, stopped, fresh].map(({ row }) => row);
    const isLive = rows.every((row) => row?.configVersion === after) && old.status === 404;
    if (isLive) {
      expect(mapping.row).toMatchObject({ status: 'no_mapping', reason: 'mapping_inactive' });
      expect(copies.row).toMatchObject({ status: 'processed' });
      expect(stopped).toMatchObject({ status: 200, row: { status: 'rejected', reason: 'source_disabled' } });
      expect(fresh.row).toMatchObject({ status: 'processed' });
      break;
    }
    // Until then each event is treated as its row's version says, never half one and half the other.
    const expected: Record<string, Partial<Record<Probe, EventLogEntry['status']>>> = {
      [before]: { mapping: 'processed', copies: 'idempotent', stopped: 'processed' },
      [before + 1]: { mapping: 'no_mapping', copies: 'idempotent', stopped: 'processed' },
      [before + 2]: { mapping: 'no_mapping', copies: 'processed', stopped: 'processed' },
      [before + 3]: { mapping: 'no_mapping', copies: 'processed', stopped: 'rejected' },
      [after]: { mapping: 'no_mapping', copies: 'processed', stopped: 'rejected' },
    };
    for (const [name, { row }] of Object.entries({ mapping, copies, stopped }))
      expect([row?.configVersion, row?.status]).toEqual([
        row?.configVersion,
        expected[row?.configVersion ?? 0]?.[name as Probe],
      ]);
    expect(Date.now() - changedAtMs).toBeLessThan(promisedMs);
    await pause(200);
  }
  expect(Date.now() - changedAtMs).toBeLessThan(promisedMs);
});
