import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { recordedUnits } from '../cost/recorded-units.ts';
import { readTemplateFacts } from '../cost/template-facts.ts';
import { environmentNamed } from '../environments.ts';
import { synthesize } from '../local/synthesize.ts';
import { readStacks } from '../local/template.ts';
import { adviceFor, ceilingsOf, ceilingsOfOneKey, firstBottleneck } from './ceilings.ts';
import { simulateDay, usualDay } from './day.ts';
import { dayCeilings, dollarsOfDay, loadOf, type ScaleTarget, withAdvice } from './plan.ts';
import { adviceText, ceilingsText, dayText } from './report.ts';

const help = `What each component of an environment takes, from its synthesized template, and what to raise for a rate.
It counts with events of 1.5 KB and one trigger, as npm run cost -- --record measured them.

  npm run scale -- [options]

  --rate N            events per second that are wanted, at most 10000
  --environment NAME  whose template it is (production)
  --target TYPE       log or http (log)
  --per-request N     events in one request (1)
  --sources N         sources that share the load evenly (1)
  --day               simulate a day with --rate events per second on average (100)
  --advised           with --day: with the settings and quotas that are advised for twice the rate
  --new-tables        with --day: tables that were never used
  --seed N            with --day: another day (1)
  --json
  --help

  npm run scale
  npm run scale -- --rate 1000
  npm run scale -- --day --rate 300 --new-tables
  npm run scale -- --day --rate 10000 --advised --json`;

class UsageError extends Error {}

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2));
  if (args === 'help') return console.log(help);
  const { environment, rate, target, perRequest, sources, json } = args;
  environmentNamed(environment);
  const load = loadOf(target, perRequest, sources);
  const facts = await factsOf(environment);
  if (args.day) {
    const day = { ...usualDay, rate: rate ?? 100, seed: args.seed };
    // The day's curve and a part of its bursts have to fit as well.
    const stack = args.advised ? withAdvice(facts, adviceFor(facts, load, 2 * day.rate)) : facts;
    const result = simulateDay(
      day,
      dayCeilings(stack, load, day, { areTablesNew: args.newTables, areQuotasRaised: args.advised }),
    );
    const dollars = dollarsOfDay(result, target, perRequest, stack);
    console.log(json ? JSON.stringify({ day, ...result, dollars }, undefined, 2) : dayText(day, result, dollars));
    return;
  }
  const ceilings = ceilingsOf(facts, load);
  const advice = rate === undefined ? undefined : adviceFor(facts, load, rate);
  if (json) {
    const ofOneKey = ceilingsOfOneKey(load.event);
    const bottleneck = firstBottleneck(ceilings).component;
    console.log(JSON.stringify({ environment, ceilings, ofOneKey, bottleneck, rate, advice }, undefined, 2));
    return;
  }
  console.log(
    `${environment}, events of ${recordedUnits.question.bytes} bytes, counted on ${recordedUnits.recordedOn}`,
  );
  console.log(ceilingsText(ceilings, load));
  if (advice !== undefined && rate !== undefined) console.log(`\n${adviceText(advice, rate, environment)}`);
}

async function factsOf(environment: string) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-scale-'));
  try {
    await synthesize(folder, [environment]);
    const [stack] = readStacks(folder);
    if (stack === undefined) throw new Error('the app made no stack');
    return readTemplateFacts(stack.template);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Arguments = {
  environment: string;
  rate: number | undefined;
  target: ScaleTarget;
  perRequest: number;
  sources: number;
  day: boolean;
  advised: boolean;
  newTables: boolean;
  seed: number;
  json: boolean;
};

/** @throws UsageError */
function readArguments(args: string[]): Arguments | 'help' {
  const values = parsed(args);
  if (values.help) return 'help';
  const { target } = values;
  if (target !== 'log' && target !== 'http') throw new UsageError(`--target is log or http, not "${target}"`);
  const number = (name: string, text: string, least: number, most: number) => {
    const value = Number(text);
    if (Number.isNaN(value) || value < least || value > most)
      throw new UsageError(`--${name} takes a number from ${least} to ${most}, not "${text}"`);
    return value;
  };
  if (!values.day && (values.advised || values['new-tables'] || values.seed !== undefined))
    throw new UsageError('--advised, --new-tables and --seed go with --day');
  return {
    environment: values.environment,
    rate: values.rate === undefined ? undefined : number('rate', values.rate, 0.01, 10_000),
    target,
    perRequest: number('per-request', values['per-request'], 1, 500),
    sources: number('sources', values.sources, 1, 1000),
    day: values.day,
    advised: values.advised,
    newTables: values['new-tables'],
    seed: number('seed', values.seed ?? '1', 0, 4_294_967_295),
    json: values.json,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        rate: { type: 'string' },
        environment: { type: 'string', default: 'production' },
        target: { type: 'string', default: 'log' },
        'per-request': { type: 'string', default: '1' },
        sources: { type: 'string', default: '1' },
        day: { type: 'boolean', default: false },
        advised: { type: 'boolean', default: false },
        'new-tables': { type: 'boolean', default: false },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

try {
  await main();
} catch (error) {
  const { message, stack } = error as Error;
  const isUsage = error instanceof UsageError || message.startsWith('there is no environment');
  console.error(`error: ${isUsage ? message : (stack ?? message)}`);
  process.exitCode = isUsage ? 2 : 1;
}
