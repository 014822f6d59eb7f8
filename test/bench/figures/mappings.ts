import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { makeConfigurationSource } from '../../../shared/adapters/dynamodb-configuration.ts';
import { goLive } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import { writeSnapshot } from '../../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { queryAll, readCurrent } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import { Snapshot } from '../../../shared/core/configuration/schema.ts';
import { prepareSource } from '../../../shared/core/live/prepared.ts';
import {
  problemText,
  readConfigurationFiles,
} from '../../../shared/operations/configuration/files/configuration-files.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';
import { liveConfiguration } from '../../support/build.ts';
import { startTables } from '../../support/dynalite.ts';
import type { Figure, Section } from '../figure.ts';
import { median } from '../measure.ts';

/** What many mappings cost: per event nothing, per cold start what has to be read. */
export const mappings: Section = {
  name: 'mappings',
  about: 'choosing the mappings of an event, and loading a large configuration',
  async measure(say) {
    say('choosing among 10, 1,000 and 10,000 mappings');
    const chosen = [10, 1_000, 10_000].map(choosing);
    const [few, , many] = chosen;
    const flatness: Figure = {
      name: 'among 10,000, in relation to among 10',
      measured: (many?.measured ?? 0) / (few?.measured ?? 1),
      unit: '×',
      note: 'a lookup in a map; what it grows by are the processor caches that a larger map does not fit',
    };
    say('loading 500 sources with 200 mappings each');
    return [...chosen, flatness, ...(await loading()), await validating()];
  },
};

const lookups = 200_000;

function choosing(count: number): Figure {
  const types = Array.from({ length: count }, (_, i) => `track/event_${i}`);
  const configuration = liveConfiguration({ file: { mappings: types.map(mappingOf) } });
  const choose = (type: string) => prepareSource(configuration, 'rudderstack')?.mappingsOf(type).length ?? 0;
  // As they come in events: equal to the types in the configuration, but other strings. Each is compiled when first met.
  const asked = Array.from({ length: Math.min(count, 1000) }, (_, i) => {
    const type = types[Math.floor((i * count) / Math.min(count, 1000))] as string;
    return JSON.parse(JSON.stringify(type)) as string;
  });
  for (const type of asked) choose(type);
  const file = configuration.snapshot.sources.rudderstack;
  return {
    name: `choosing among ${count.toLocaleString('en-US')} mappings`,
    measured: microsecondsEach(asked, choose, lookups),
    unit: 'µs',
    bound: { atMost: 1 },
    baseline: {
      what: 'going through the list',
      measured: microsecondsEach(
        asked,
        (type) => file?.mappings.filter(({ event }) => event === type).length ?? 0,
        Math.max(200, lookups / count),
      ),
    },
  };
}

function mappingOf(event: string, i: number) {
  return {
    id: `mapping-${i}`,
    event,
    action: 'workflows_trigger',
    parameters: {
      key: 'order-completed',
      recipients: 'user_id',
      data: { order: 'data.order_id', total: 'data.total' },
    },
  };
}

/** Elapsed time of one call, median of seven rounds. */
function microsecondsEach(types: string[], choose: (type: string) => number, calls: number): number {
  const rounds = Array.from({ length: 7 }, () => {
    let found = 0;
    const startedMs = performance.now();
    for (let i = 0; i < calls; i++) found += choose(types[i % types.length] as string);
    const elapsedMs = performance.now() - startedMs;
    if (found < calls) throw new Error('a mapping was not found');
    return (1000 * elapsedMs) / calls;
  });
  return median(rounds);
}

const sources = 500;
const mappingsPerSource = 200;

async function loading(): Promise<Figure[]> {
  const snapshot = largeSnapshot();
  const tables = await startTables();
  try {
    const table = { client: tables.client, table: tables.names.Configuration };
    const startedMs = performance.now();
    const hash = await writeSnapshot(table, snapshot);
    const writtenMs = performance.now() - startedMs;
    const parts = await queryAll(table, `snapshot#${hash}`);
    const storedKilobytes = parts.reduce((total, { content }) => total + (content as Uint8Array).length / 1024, 0);
    await goLive(table, await readCurrent(table), {
      kind: 'commit',
      author: 'bench',
      message: 'bench',
      createdAtMs: Date.now(),
      snapshot: hash,
      state: { sources: {}, inactive_workflows: [] },
    });

    const text = JSON.stringify(snapshot);
    let live: LiveConfiguration | undefined;
    const loadMs = await medianMs(async () => {
      live = await makeConfigurationSource(table).current();
    });
    const parseMs = await medianMs(async () => Snapshot.parse(JSON.parse(text)));
    const firstMs = performance.now();
    prepareSource(live as LiveConfiguration, 'source-250')?.mappingsOf('track/event_7');
    const firstEventMs = performance.now() - firstMs;
    const size = `${sources} sources × ${mappingsPerSource} mappings, ${(text.length / 1024 / 1024).toFixed(1)} MB of JSON`;
    return [
      {
        name: 'loading 100,000 mappings in a function',
        measured: loadMs,
        unit: 'ms',
        bound: { atMost: 150 },
        baseline: { what: 'JSON.parse and zod of the same text, without reading it', measured: parseMs },
        note: `${size}; once per process and commit: read, decompressed, hash checked, parsed`,
      },
      { name: 'first event of a source with 200 mappings', measured: firstEventMs, unit: 'ms' },
      {
        name: 'storing 100,000 mappings, when they are committed',
        measured: writtenMs,
        unit: 'ms',
        note: `${size}; once per commit, on the machine of whoever commits`,
      },
      {
        name: 'their content, compressed',
        measured: storedKilobytes,
        unit: 'KB',
        bound: { atMost: 380 },
        note: 'what fits an item; more is split into parts',
      },
    ];
  } finally {
    await tables.stop();
  }
}

async function medianMs(work: () => Promise<unknown>, count = 5): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < count; round++) {
    const startedMs = performance.now();
    await work();
    rounds.push(performance.now() - startedMs);
  }
  return median(rounds);
}

/** Every file read, checked alone and against the others: what an editor, CI and each push wait for. */
async function validating(): Promise<Figure> {
  const { sources: contents, workflows } = largeSnapshot(100, 50);
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  try {
    for (const [folder, files] of Object.entries({ sources: contents, workflows, environments: { development: {} } })) {
      mkdirSync(join(directory, folder));
      for (const [key, content] of Object.entries(files))
        writeFileSync(join(directory, folder, `${key}.yaml`), stringify(content, { aliasDuplicateObjects: false }));
    }
    const measured = await medianMs(async () => {
      const { problems } = readConfigurationFiles(directory);
      if (problems.length > 0) throw new Error(problems.map(problemText).join('\n'));
    }, 3);
    return {
      name: 'validating 5,000 mappings in 100 files',
      measured,
      unit: 'ms',
      bound: { atMost: 3000 },
      note: 'read, parsed, checked by their schemas and against each other',
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function largeSnapshot(sourceCount = sources, mappingCount = mappingsPerSource): Snapshot {
  const file = (source: number) => ({
    kind: 'rudderstack',
    name: `Source ${source}`,
    mappings: Array.from({ length: mappingCount }, (_, i) => mappingOf(`track/event_${i}`, source * 1000 + i)),
  });
  return Snapshot.parse({
    sources: Object.fromEntries(Array.from({ length: sourceCount }, (_, i) => [`source-${i}`, file(i)])),
    workflows: { 'order-completed': { name: 'Order completed', target: { development: { type: 'log' } } } },
  });
}
