import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../../infra/build/build.js';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { eventRow } from '../../../shared/operations/events/event-row.ts';
import { type EventSearch, searchEvents } from '../../../shared/operations/events/event-search.ts';
import { groupEvents } from '../../../shared/operations/events/group-events.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { pageOf } from '../../../shared/operations/tables/search.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import type { TestEnvironment } from '../../cli/environment-for-tests.ts';
import { writeRuntimeFile } from '../../cli/runtime-file.ts';
import { temporaryFolder } from '../assembly.ts';
import type { Figure, Section } from '../figure.ts';
import { filledDays, openFilled, tellable } from '../filled-environment.ts';
import { median, percentile } from '../measure.ts';

const stories = 200;

/** Lists, searches and stories over tables that hold a million events. */
export const lists: Section = {
  name: 'lists',
  about: `lists and searches over the events of ${filledDays} days in local tables`,
  async measure(say, settings) {
    const filled = await openFilled(settings, say);
    const { environment, nowMs, fillSeconds } = filled;
    try {
      const figures: Figure[] = [{ name: 'events in the tables', measured: settings.events, unit: '' }];
      const note = 'rows and index rows, past the server';
      if (fillSeconds !== undefined)
        figures.push({ name: 'filling the tables', measured: fillSeconds, unit: 's', note });
      say('first pages');
      figures.push(...(await searchFigures(environment, nowMs)));
      say('stories');
      const told = await tellable(filled, stories);
      figures.push(await storyFigure(environment, told, nowMs));
      say('whole commands');
      const folder = temporaryFolder();
      const runtimeFile = join(folder, 'runtime.json');
      writeRuntimeFile(runtimeFile, environment);
      figures.push(...(await commandFigures(runtimeFile, folder, told[0]?.id ?? '')));
      return figures;
    } finally {
      await environment.stop();
    }
  },
};

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
