import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Condition, Mapping, ParameterValue } from '../../shared/core/mappings/schema.ts';
import { explainMapping } from '../../shared/core/plan/explain-mapping.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { dryRun } from '../../shared/core/rehearsal/dry-run.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { modeline } from '../../shared/operations/configuration/files/file-schemas.ts';
import { liveConfiguration, rawEvent } from '../support/build.ts';
import { chapter, fencesOf, tablesOf } from './markdown.ts';

/* What docs/mappings.md says of its event is computed, and its mapping is one that runs. */

const page = readFileSync(new URL('../../docs/mappings.md', import.meta.url), 'utf8');
const fences = fencesOf(page.split('\n'));
const event = rawEvent(JSON.parse(fences.find(({ note }) => note === 'event')?.text ?? ''));
const [yaml] = fences.filter(({ language }) => language === 'yaml');

const rowsOf = (title: string, column: string) =>
  tablesOf(chapter(page, title).flatMap(({ lines }) => lines))
    .flat()
    .filter((row) => row[column] !== undefined);
const code = (cell: string | undefined) => /^`(.*)`$/.exec(cell ?? '')?.[1];

async function explained(mapping: Record<string, unknown>) {
  const { event: normalized } = await planEvent(event, liveConfiguration());
  if (normalized === undefined) throw new Error('the event of the page is rejected');
  const whole = Mapping.parse({ id: 'x', event: 'x', action: 'users_identify', ...mapping });
  return explainMapping(whole, normalized);
}

const values = [
  ...rowsOf('Paths', 'Path').map((row) => [code(row.Path), row['Leads to']] as const),
  ...rowsOf('Where a value comes from', 'Written').map((row) => [code(row.Written), row.Is] as const),
];

test('there is something to compute', () => {
  expect(values.length).toBeGreaterThan(15);
  expect(rowsOf('Conditions', 'Condition').length).toBeGreaterThan(8);
});

test.each(values)('%s is %s', async (written, said) => {
  const from = ParameterValue.parse(parse(written ?? ''));
  const { parameters } = await explained({ parameters: { value: from } });
  const value = code(said);
  expect(parameters[0]?.value).toEqual(value === undefined ? undefined : JSON.parse(value));
  expect(value !== undefined || said === 'nothing').toBe(true);
});

test.each(rowsOf('Conditions', 'Condition').map((row) => [code(row.Condition), row.Holds] as const))(
  'whether %s holds: %s',
  async (written, said) => {
    const { conditions } = await explained({ when: [Condition.parse(parse(written ?? ''))] });
    expect(conditions[0]?.unmet === undefined ? 'yes' : 'no').toBe(said);
  },
);

test('every test that a condition can have is shown', () => {
  const shown = rowsOf('Conditions', 'Condition').flatMap((row) => Object.keys(parse(code(row.Condition) ?? '')));
  // Those that are spelt out beside another of their kind.
  const alike = ['lte'];
  expect(new Set([...shown, ...alike])).toEqual(new Set(Object.keys(Condition.shape)));
});

describe('the mapping that the page begins with', () => {
  test('runs for the event of the page', async () => {
    const configuration = liveConfiguration({ file: { mappings: parse(yaml?.text ?? '').mappings } });
    const { mappings } = await dryRun(event, { configuration, environment: 'development', nowMs: 0 });
    expect(mappings).toMatchObject([{ verdict: 'runs', action: { status: 'runs' } }]);
    expect(mappings[0]?.parameters.at(-1)?.value).toEqual({ order: 'A-1', total: 142.5, channel: 'shop' });
  });

  test('is valid in a file, and what the page shows of a mistake is what is said', () => {
    const directory = mkdtempSync(join(tmpdir(), 'signalbox-mappings-'));
    try {
      for (const folder of ['sources', 'workflows']) mkdirSync(join(directory, folder));
      writeFileSync(join(directory, 'workflows/order-completed.yaml'), 'name: O\ntarget: {}\n');
      const file = join(directory, 'sources/rudderstack.yaml');
      writeFileSync(file, `kind: rudderstack\nname: R\n${yaml?.text}`);
      expect(readConfigurationFiles(directory).problems).toEqual([]);
      const wrong = yaml?.text.replace('workflows_trigger', 'workflow_trigger');
      writeFileSync(file, `kind: rudderstack\nname: R\n${wrong}`);
      const [problem] = readConfigurationFiles(directory).problems;
      expect(page).toContain(`action ${problem?.message}`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test('the line for editors is the one that files have', () => {
  expect(page).toContain(modeline('source'));
});
