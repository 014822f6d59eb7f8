import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Bill, billOf, monthSeconds, perMillionMax } from '../../infra/cost/bill.ts';
import { measuredTimes } from '../../infra/cost/measured-times.ts';
import { ageWarning, priceList } from '../../infra/cost/prices.ts';
import { billText, money } from '../../infra/cost/report.ts';
import { readTemplateFacts, type TemplateFacts } from '../../infra/cost/template-facts.ts';
import { batchAt, callMs, unitsAtBatch } from '../../infra/cost/units.ts';
import { environmentNamed } from '../../infra/environments.ts';
import { synthesize } from '../../infra/local/synthesize.ts';
import { readStacks, type Stack } from '../../infra/local/template.ts';
import { fullBatch, type Measurement, measuredTargets, measureUnits, type Question } from './measure-units.ts';

const help = `The month's bill of one environment, by component. What an event takes is counted now, while the bundles that
would be deployed work on such events against emulators; prices are those of infra/cost/prices.ts.

  npm run cost -- [options]

  --events N          events a month (1000000)
  --bytes N           bytes of an event as JSON (1500)
  --actions N         workflow triggers that an event leads to, on average (1)
  --target TYPE       where runs go: ${measuredTargets.join(' or ')} (log)
  --environment NAME  whose template it is (production)
  --batch N           messages in a batch, 1 to ${fullBatch}; by default what the rate gives
  --per-request N     events in one request (1)
  --sources N         sources that send (1)
  --secrets N         secrets besides the stack's own (one for each source, one for an http target)
  --aws-ms N          what a round of calls takes longer on AWS than here, in milliseconds (5)
  --json
  --record            write what was counted for the defaults to infra/cost/recorded-units.json, which npm run scale uses
  --help

  npm run cost -- --events 5000000 --bytes 1500 --actions 1.2
  npm run cost -- --events 200000000 --target http --sources 4
  npm run cost -- --events 1000000 --batch 10 --json`;

class UsageError extends Error {}

type Arguments = Question & {
  events: number;
  environment: string;
  batch?: number;
  sources: number;
  secrets: number;
  json: boolean;
  record: boolean;
};

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2));
  if (args === 'help') return console.log(help);
  const say = (line: string) => console.error(`${line} …`);
  const warning = ageWarning(priceList, Date.now());
  if (warning !== undefined) console.error(`warning: ${warning}`);
  const stack = await synthesized(args.environment, say);
  const facts = readTemplateFacts(stack.template);
  if (args.record) return record(stack, facts, say);
  const measured = await measureUnits(stack, facts, args, say);
  const { batch, isGiven } = batchOf(args, facts);
  const bill = (at: number) => billOf(unitsAtBatch({ ...measured, fullBatch }, at), measured.running, args, facts);
  const bills = { given: bill(batch), full: bill(fullBatch), single: bill(1) };
  if (args.json) return console.log(JSON.stringify(jsonOf(args, measured, batch, bills), undefined, 2));
  console.log(textOf(args, measured, { batch, isGiven }, bills));
}

async function synthesized(environment: string, say: (line: string) => void): Promise<Stack> {
  environmentNamed(environment);
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-cost-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  say(`synthesizing ${environment}`);
  await synthesize(folder, [environment]);
  const [stack] = readStacks(folder);
  if (stack === undefined) throw new Error('the app made no stack');
  return stack;
}

function batchOf({ batch, events }: Arguments, facts: TemplateFacts): { batch: number; isGiven: boolean } {
  if (batch !== undefined) return { batch, isGiven: true };
  const { memoryMb = 0 } = facts.functions.get('processor') ?? {};
  return { batch: batchAt(events / monthSeconds, callMs('processor', fullBatch, memoryMb)), isGiven: false };
}

type Bills = { given: Bill; full: Bill; single: Bill };

function textOf(
  args: Arguments,
  measured: Measurement,
  { batch, isGiven }: { batch: number; isGiven: boolean },
  { given, full, single }: Bills,
): string {
  const { events, environment, target, actions, sources, perRequest, awsMs } = args;
  const rate = events / monthSeconds;
  return [
    `${environment}: ${events.toLocaleString('en-US')} events a month (${rateText(rate)} on average) of ${Math.round(measured.bytes)} bytes, ${actions} triggers each, target ${target}`,
    `${batch === 1 ? '1 message' : `${Number(batch.toPrecision(3))} messages`} in a batch${isGiven ? '' : ' at this rate'}, ${perRequest} ${perRequest === 1 ? 'event' : 'events'} in a request, ${sources} ${sources === 1 ? 'source' : 'sources'}`,
    '',
    billText(given),
    '',
    `a month: ${money(given.dollars)}, of which ${money(given.byCause.idle)} without a single event`,
    `a million events more: ${money(given.perMillion.events)}, and ${money(given.perMillion.kept)} for what is kept of them`,
    `  with full batches ${money(full.perMillion.events)}, with one message in each ${money(single.perMillion.events)}`,
    ...targetLines(args, full),
    '',
    `list prices of ${priceList.region}, compared on ${priceList.readOn}, without free tiers; write units and calls counted now;`,
    `milliseconds of ${measuredTimes.measuredOn} (${measuredTimes.origin}), and ${awsMs} ms for each round of calls`,
    ...(measured.indexesCounted ? [] : ['WITHOUT the write units of indexes: they are counted where Java 17 is found']),
  ].join('\n');
}

/** The bound is for one kind of load; a smaller one must not pass for it. */
function targetLines({ bytes, actions, target, perRequest }: Arguments, full: Bill): string[] {
  if (bytes !== 1500 || actions !== 1 || target !== 'log' || perRequest !== 1) return [];
  const { events } = full.perMillion;
  const byPrice = new Map<string, number>();
  for (const { cause, price, dollars } of full.lines)
    if (cause === 'events') byPrice.set(price, (byPrice.get(price) ?? 0) + dollars);
  const [first, second] = [...byPrice]
    .toSorted((a, b) => b[1] - a[1])
    .map(([price, dollars]) => `${price} ${money(dollars)}`);
  const verdict = events <= perMillionMax ? 'met' : `MISSED; most is ${first}, ${second}`;
  return [`  target with full batches: at most ${money(perMillionMax)}: ${verdict}`];
}

function rateText(perSecond: number): string {
  return perSecond >= 0.1
    ? `${Number(perSecond.toPrecision(3))}/s`
    : `${Number((perSecond * 3600).toPrecision(3))} an hour`;
}

function jsonOf(args: Arguments, measured: Measurement, batch: number, { given, full, single }: Bills) {
  const { json: _json, record: _record, ...load } = args;
  return {
    load: { ...load, batch },
    prices: { region: priceList.region, readOn: priceList.readOn },
    times: { measuredOn: measuredTimes.measuredOn, origin: measuredTimes.origin },
    indexesCounted: measured.indexesCounted,
    perEvent: unitsAtBatch({ ...measured, fullBatch }, batch),
    running: measured.running,
    dollars: given.dollars,
    byCause: given.byCause,
    perMillion: { given: given.perMillion, fullBatches: full.perMillion, singleEvents: single.perMillion },
    lines: given.lines,
  };
}

const recordedFile = fileURLToPath(new URL('../../infra/cost/recorded-units.json', import.meta.url));

/** What scale and its pages calculate with, so that they need neither emulators nor Java. */
async function record(stack: Stack, facts: TemplateFacts, say: (line: string) => void): Promise<void> {
  const question = { bytes: 1500, actions: 1, perRequest: 1, awsMs: 5 };
  const targets: Record<string, unknown> = {};
  for (const target of measuredTargets) {
    say(`target ${target}`);
    const { single, full, running, indexesCounted } = await measureUnits(stack, facts, { ...question, target }, say);
    if (!indexesCounted) throw new Error('only a record with the units of indexes is of use: install Java 17');
    targets[target] = { single, full, running };
  }
  const recorded = {
    recordedOn: new Date().toISOString().slice(0, 10),
    by: 'npm run cost -- --record',
    question,
    targets,
  };
  const rounded = JSON.stringify(
    recorded,
    (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value),
    2,
  );
  writeFileSync(recordedFile, `${rounded}\n`);
  console.log(`written: ${recordedFile}`);
}

/** @throws UsageError */
function readArguments(args: string[]): Arguments | 'help' {
  const { values } = parsed(args);
  if (values.help) return 'help';
  const target = measuredTargets.find((type) => type === values.target);
  if (target === undefined)
    throw new UsageError(
      `--target is one of ${measuredTargets.join(', ')}; of the others docs/cost.md says what they add, not "${values.target}"`,
    );
  const number = (name: keyof typeof values, { least = 0, most = Number.MAX_SAFE_INTEGER, whole = true } = {}) => {
    const value = Number(values[name]);
    if (Number.isNaN(value) || value < least || value > most || (whole && !Number.isInteger(value)))
      throw new UsageError(`--${name} takes ${rangeText(least, most, whole)}, not "${values[name]}"`);
    return value;
  };
  const sources = number('sources', { least: 1 });
  return {
    events: number('events'),
    bytes: number('bytes', { least: 250, most: 250_000 }),
    actions: number('actions', { most: 20, whole: false }),
    target,
    environment: values.environment,
    perRequest: number('per-request', { least: 1, most: 500 }),
    sources,
    secrets: values.secrets === undefined ? sources + (target === 'http' ? 1 : 0) : number('secrets'),
    awsMs: number('aws-ms', { whole: false }),
    json: values.json,
    record: values.record,
    ...(values.batch !== undefined && { batch: number('batch', { least: 1, most: fullBatch, whole: false }) }),
  };
}

function rangeText(least: number, most: number, whole: boolean): string {
  const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
  return `a ${whole ? 'whole ' : ''}number from ${least}${upTo}`;
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        events: { type: 'string', default: '1000000' },
        bytes: { type: 'string', default: '1500' },
        actions: { type: 'string', default: '1' },
        target: { type: 'string', default: 'log' },
        environment: { type: 'string', default: 'production' },
        batch: { type: 'string' },
        'per-request': { type: 'string', default: '1' },
        sources: { type: 'string', default: '1' },
        secrets: { type: 'string' },
        'aws-ms': { type: 'string', default: '5' },
        json: { type: 'boolean', default: false },
        record: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error as Error).message.startsWith('there is no environment');
  console.error(`error: ${isUsage ? (error as Error).message : ((error as Error).stack ?? error)}`);
  process.exitCode = isUsage ? 2 : 1;
}
// A worker of a function must not keep a finished run alive.
process.exit();
