import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { measuredTimes } from '../../../infra/cost/measured-times.ts';
import { readTemplateFacts } from '../../../infra/cost/template-facts.ts';
import { environmentNamed } from '../../../infra/environments.ts';
import type { Template } from '../../../infra/local/template.ts';
import { tableDefinitions } from '../../../shared/adapters/table-definitions.ts';
import { templateOf } from '../templates.ts';

const factsOf = (...args: Parameters<typeof templateOf>) =>
  readTemplateFacts(templateOf(...args) as unknown as Template);

test('the facts of a template are the settings of its environment', () => {
  const { throttle, concurrency, ingestReservedConcurrency, logShards } = environmentNamed('production');
  const facts = factsOf('production');
  expect(facts).toMatchObject({ environment: 'production', throttle, logShards, dashboards: 1, secrets: 1 });
  expect(facts.functions.get('ingest')?.reservedConcurrency).toBe(ingestReservedConcurrency);
  expect(facts.functions.get('processor')).not.toHaveProperty('reservedConcurrency');
  expect([...facts.functions.keys()].sort()).toEqual([
    'api',
    'dead-letter',
    'ingest',
    'processor',
    'sender-page',
    'workflow-trigger',
  ]);
  expect(facts.consumers.filter(({ function: name }) => name !== 'dead-letter')).toEqual([
    { queue: 'EventsQueue', function: 'processor', batchSize: 10, maxConcurrency: concurrency.processor },
    { queue: 'ActionsQueue', function: 'workflow-trigger', batchSize: 10, maxConcurrency: concurrency.workflowTrigger },
  ]);
  expect([...facts.tables.keys()].sort()).toEqual(Object.keys(tableDefinitions).sort());
});

test('what is switched off is no fact', () => {
  expect(factsOf('production').tables.get('EventLog')).toEqual(['problems', 'users']);
  expect(factsOf('production', { usersIndex: false }).tables.get('EventLog')).toEqual(['problems']);
});

test('an alarm counts once for each metric that it watches', () => {
  const template = templateOf('production');
  const alarms = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
  expect(factsOf('production').alarmMetrics).toBeGreaterThan(alarms.length);
});

test('a template without a stage is refused by name', () => {
  const { Resources, Outputs } = templateOf('production');
  const rest = Object.fromEntries(Object.entries(Resources).filter(([, { Type }]) => !Type.endsWith('::Stage')));
  expect(() => readTemplateFacts({ Parameters: {}, Resources: rest, Outputs } as unknown as Template)).toThrow(
    'the template has not exactly one AWS::ApiGatewayV2::Stage',
  );
});

// The bill and the page must not speak of different measurements.
test('the times that are billed are those of docs/figures.md', () => {
  const page = readFileSync(new URL('../../../docs/figures.md', import.meta.url), 'utf8');
  const dollarsPerMs = { 256: 0.25, 512: 0.5, 1024: 1, 1769: 1769 / 1024 };
  const rows = {
    ingest: 'a million requests',
    processor: 'processor: a million batches',
    'workflow-trigger': 'workflow-trigger: a million batches',
  } as const;
  for (const [name, title] of Object.entries(rows)) {
    const cells = page
      .split('\n')
      .find((line) => line.startsWith(`| ${title} |`))
      ?.split('|')
      .map((cell) => cell.trim())
      .filter((cell) => cell.startsWith('$'));
    const measured = measuredTimes.functions[name as keyof typeof rows].at(-1)?.meanMs as Record<string, number>;
    expect(cells).toEqual(
      Object.entries(dollarsPerMs).map(([size, gb]) => `$${(0.2 + (measured[size] ?? 0) * gb * 0.0133334).toFixed(2)}`),
    );
  }
});
