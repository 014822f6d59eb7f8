import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../../infra/build/build.js';
import { makeClaimStore } from '../../../shared/adapters/dynamodb-claim-store.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { eventRow } from '../../../shared/operations/events/event-row.ts';
import { type EventSearch, searchEvents } from '../../../shared/operations/events/event-search.ts';
import { groupEvents } from '../../../shared/operations/events/group-events.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { pageOf } from '../../../shared/operations/tables/search.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import { run } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { writeRuntimeFile } from '../../cli/runtime-file.ts';
import { liveConfiguration } from '../../support/build.ts';
import type { Figure, Section } from '../figure.ts';
import { fillTables } from '../filled-tables.ts';
import { median, percentile } from '../measure.ts';

const events = Number(process.env.SIGNALBOX_BENCH_EVENTS ?? 1_000_000);
const days = 3;
const stories = 200;

/** Lists, searches and stories over tables that hold a million events. */
export const lists: Section = {
  name: 'lists',
  about: `lists and searches over ${events.toLocaleString('en-US')} events of ${days} days in local tables`,
  async measure(say) {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-lists-'));
    const path = join(folder, 'tables');
    const nowMs = Date.now();
    const filling = performance.now();
    const { sample } = await fillTables({ path, events, days, nowMs }, say);
    const fillSeconds = (performance.now() - filling) / 1000;
    const environment = await startEnvironment(path);
    try {
      await environment.commit(liveConfiguration());
      const told = sample.filter(({ status }) => status === 'processed').slice(0, stories);
      await addClaimsAndRuns(environment, told, nowMs);
      const figures: Figure[] = [
        { name: 'filling the tables', measured: fillSeconds, unit: 's', note: 'rows and index rows, past the server' },
      ];
      say('first pages');
      figures.push(...(await searchFigures(environment, nowMs)));
      say('stories');
      figures.push(await storyFigure(environment, told, nowMs));
      say('whole commands');
      const runtimeFile = join(folder, 'runtime.json');
      writeRuntimeFile(runtimeFile, environment);
      figures.push(...(await commandFigures(runtimeFile, folder, told[0]?.id ?? '')));
      return figures;
    } finally {
      await environment.stop();
      rmSync(folder, { recursive: true });
    }
  },
};

async function addClaimsAndRuns(environment: TestEnvironment, told: EventLogEntry[], nowMs: number): Promise<void> {
  const claims = makeClaimStore(environment.documents, environment.outputs.ClaimsTable);
  for (const { id, key = '', source, eventType = '' } of told) {
    const claim = { key, source, eventType, eventId: id, leaseEndsAtMs: nowMs, expiresAtMs: nowMs + 86_400_000 };
    await claims.claim(claim, nowMs);
  }
  for (const entry of told) await environment.runs.createIfAbsent(run(entry));
}

async function searchFigures(environment: TestEnvironment, nowMs: number): Promise<Figure[]> {
  const directory = await readSources(environment);
  const first = async (search: EventSearch) => {
    const found = searchEvents(environment, directory, search, { nowMs, limit: 21 });
    const { rows, looked } = await pageOf(found, 20);
    rows.map(({ entry, log }) => eventRow(entry, log));
    return { found: rows.length, ...looked };
  };
  const searches: [string, EventSearch, { atMost: number } | undefined][] = [
    ['events, first page', {}, { atMost: 500 }],
    ['events --status failed', { status: ['failed'] }, { atMost: 500 }],
    ['events --user', { user_id: 'usr_7919' }, { atMost: 500 }],
    ['events --type, one in 40 of the unmapped', { type: 'track/type_7' }, undefined],
    ['events --config-version of none', { config_version: 99 }, undefined],
    ['events --text of none', { text: 'nowhere to be found' }, undefined],
    ['events --did-nothing', { did_nothing: true }, undefined],
  ];
  const figures: Figure[] = [];
  for (const [name, search, bound] of searches) {
    const times: number[] = [];
    let looked = await first(search);
    for (let i = 0; i < (bound ? 20 : 3); i++) {
      const before = performance.now();
      looked = await first(search);
      times.push(performance.now() - before);
    }
    const far = `${looked.found} found, ${looked.rows.toLocaleString('en-US')} rows read`;
    figures.push({ name: `${name}: ${far}`, measured: percentile(times, 95), unit: 'ms', ...(bound && { bound }) });
  }
  const before = performance.now();
  const { looked, groups } = await groupEvents(environment, directory, {}, 'type', { nowMs });
  const measured = performance.now() - before;
  const name = `events --group-by type: ${groups.length} groups of ${looked.rows.toLocaleString('en-US')} rows`;
  return [...figures, { name, measured, unit: 'ms' }];
}

async function storyFigure(environment: TestEnvironment, told: EventLogEntry[], nowMs: number): Promise<Figure> {
  const { known } = await readSources(environment);
  const times: number[] = [];
  for (const { id } of told) {
    const before = performance.now();
    const story = await tellEvent(environment, id, known, nowMs);
    times.push(performance.now() - before);
    if (story?.runs.length !== 1 || story.claim === null) throw new Error(`the story of ${id} is not whole`);
  }
  return {
    name: `why, p95 of ${times.length} events`,
    measured: percentile(times, 95),
    unit: 'ms',
    bound: { atMost: 300 },
    note: 'events of all three days, each with its claim, configuration, actions and run',
  };
}

async function commandFigures(runtimeFile: string, folder: string, id: string): Promise<Figure[]> {
  const commands: [string[], number, { atMost: number }][] = [
    [['events'], 5, { atMost: 500 }],
    [['why', id], 5, { atMost: 500 }],
    [['events', '--limit', '10000'], 1, { atMost: 3_000 }],
  ];
  const figures: Figure[] = [];
  for (const [args, runs, bound] of commands) {
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const before = performance.now();
      await promisify(execFile)(process.execPath, [join(root, 'infra/cli/bin/signalbox.js'), ...args], {
        env: {
          PATH: process.env.PATH,
          SIGNALBOX_RUNTIME_FILE: runtimeFile,
          AWS_EC2_METADATA_DISABLED: 'true',
          HOME: folder,
        },
        maxBuffer: 1e9,
      });
      times.push(performance.now() - before);
    }
    const name = `the command ${args.map((arg) => (arg === id ? 'ID' : arg)).join(' ')}, from start to end`;
    figures.push({ name, measured: median(times), unit: 'ms', bound });
  }
  return figures;
}
