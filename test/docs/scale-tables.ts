import { money } from '../../infra/cost/report.ts';
import type { TemplateFacts } from '../../infra/cost/template-facts.ts';
import { adviceFor, type SettingName } from '../../infra/scale/ceilings.ts';
import { simulateDay, usualDay } from '../../infra/scale/day.ts';
import { dayCeilings, dollarsOfDay, loadOf, withAdvice } from '../../infra/scale/plan.ts';
import { lagText, whole } from '../../infra/scale/report.ts';

export const rates = [10, 100, 1000, 10_000];

const settings: (SettingName | 'throttle.burst')[] = [
  'throttle.requestsPerSecond',
  'throttle.burst',
  'ingestReservedConcurrency',
  'concurrency.processor',
  'concurrency.workflowTrigger',
  'logShards',
];

/** The tables of docs/scale.md, by the name of their place in it. */
export function scaleTables(facts: TemplateFacts): Record<string, string> {
  const load = loadOf('log', 1, 1);
  const advice = rates.map((rate) => adviceFor(facts, load, rate));
  const head = ['events per second', ...rates.map(whole)];
  const settingRows = settings.map((name) => [
    `\`${name}\``,
    ...advice.map((one) => whole(one.settings.find((setting) => setting.name === name)?.value ?? 0)),
  ]);
  const quotaNames = [...new Set(advice.flatMap(({ quotas }) => quotas.map(({ name }) => name)))];
  const quotaRows = quotaNames.map((name) => [
    name,
    ...advice.map(({ quotas }) => {
      const quota = quotas.find((one) => one.name === name);
      return quota === undefined ? '' : whole(quota.value);
    }),
  ]);
  const days = rates.map((rate) => {
    const day = { ...usualDay, rate, seed: 1 };
    const stack = withAdvice(facts, adviceFor(facts, load, 2 * rate));
    const result = simulateDay(day, dayCeilings(stack, load, day, { areTablesNew: false, areQuotasRaised: true }));
    return { result, dollars: dollarsOfDay(result, 'log', 1, stack) };
  });
  const dayRows = [
    ['lag, p50', ...days.map(({ result }) => lagText(result.lagSeconds.p50))],
    ['lag, p99', ...days.map(({ result }) => lagText(result.lagSeconds.p99))],
    ['lag, longest', ...days.map(({ result }) => lagText(result.lagSeconds.max))],
    ['most events waiting', ...days.map(({ result }) => whole(result.backlogMax))],
    ['refused with 429 at first', ...days.map(({ result }) => whole(result.refused))],
    ['messages in a batch', ...days.map(({ result }) => String(Number(result.meanBatch.toPrecision(2))))],
    ['a day, rows kept included', ...days.map(({ dollars }) => money(dollars))],
  ];
  return { settings: markdown([head, ...settingRows, ...quotaRows]), days: markdown([head, ...dayRows]) };
}

function markdown([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map((_cell, i) => (i === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)].join(
    '\n',
  );
}

/** `text` with each table in its place: between `<!-- NAME -->` and `<!-- end -->`. */
export function withTables(text: string, tables: Record<string, string>): string {
  return text.replace(/<!-- (\w+) -->\n[\s\S]*?<!-- end -->/g, (found, name: string) => {
    const table = tables[name];
    return table === undefined ? found : `<!-- ${name} -->\n${table}\n<!-- end -->`;
  });
}
