import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import type { SampleSet } from '../../../shared/core/sources/guide.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import type { SendOutcome } from '../../../shared/operations/send/outcomes.ts';
import { planSamples } from '../../../shared/operations/send/plan-samples.ts';
import { type SendMode, sendModes } from '../../../shared/operations/send/prove.ts';
import { type Outgoing, sendAll } from '../../../shared/operations/send/send-all.ts';
import { senderOf } from '../../../shared/operations/send/sender-of.ts';
import { whyRefused } from '../../../shared/operations/send/why-refused.ts';
import { examples, optionsOf, positiveInteger, rate } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { showProgress } from './progress.ts';
import { printSendSummary } from './send-summary.ts';

type SendOptions = {
  file?: string[];
  count?: number;
  type?: string;
  user?: string;
  rate?: number;
  concurrency: number;
  mode: SendMode;
  wait: boolean;
};

export function register(program: Command): void {
  const send = program
    .command('send <source> [file...]')
    .description(
      'posts sample events, or the given payloads byte by byte, the way the vendor would; "-" reads standard input',
    )
    .option('--file <path...>', 'the same as naming the files; "-" is standard input')
    .option('--count <n>', 'so many samples; 2 by default: an identify and an order', positiveInteger)
    .option('--type <event-type>', 'samples of one type: identify, track/order_completed, page')
    .option('--user <id>', 'samples of one user; a new one by default')
    .option('--rate <n>', 'at most so many requests per second', rate)
    .option('--concurrency <n>', 'requests under way at a time', positiveInteger, 20)
    .addOption(
      new Option(
        '--mode <mode>',
        'duplicate: every event twice, as a vendor that retries; tampered, stale, unsigned: with a proof that does not hold',
      )
        .choices(sendModes)
        .default('once'),
    )
    .option('--no-wait', 'do not wait until the events are final')
    .action((source: string, files: string[], _options, command: Command) =>
      sendCommand(source, [...files, ...(optionsOf<SendOptions>(command).file ?? [])], optionsOf<SendOptions>(command)),
    );
  examples(
    send,
    ['send rudderstack', 'one user, one order: see them with events, actions, runs'],
    ['send rudderstack payload.json', 'a payload of your own, exactly as it is in the file'],
    ['send rudderstack --count 10000', 'a load, followed to its end and checked for doubles'],
    ['send rudderstack --type track/order_completed --user user_42', 'one event for one user'],
    ['send rudderstack --mode duplicate', 'shows that the second copy runs nothing'],
    ['send stripe --mode tampered', 'shows what a body that was changed on the way is answered'],
  );
  send.addHelpText(
    'after',
    '\nExit code 0: every event was accepted and came to its end. 1: one was refused, failed, or still waits; each reason is named.',
  );
}

async function sendCommand(
  source: string,
  files: string[],
  options: ReturnType<typeof optionsOf<SendOptions>>,
): Promise<void> {
  const terminal = processTerminal();
  if (files.length > 0 && (options.count ?? options.type ?? options.user) !== undefined)
    throw usageError('--count, --type and --user make samples; with files there is nothing to make');
  const environment = await connect(options);
  const { kind, samples, ...sender } = await senderOf(environment, source, options.mode);
  const outgoing = files.length > 0 ? await readFiles(files) : samplesOf(kind, samples, options);
  terminal.note(`sending to ${source} in ${environment.name} (${environment.where})`);
  const summary = await sendAll(
    environment,
    {
      source,
      ...sender,
      mode: options.mode,
      outgoing,
      ...pacing(options),
    },
    (total, waitsForFinal) => showProgress(terminal, total, waitsForFinal),
  );
  if (options.json) printJson(terminal, summary);
  else
    printSendSummary(terminal, summary, { waited: options.wait, examples: files.length > 0 || outgoing.count <= 10 });
  if (summary.refused.some(({ status }) => status === 503))
    for (const reason of await whyRefused(environment, source)) terminal.note(`why: ${reason}`);
  // These modes succeed when the request is refused.
  const spoiled = options.mode !== 'once' && options.mode !== 'duplicate';
  const isUnfinished = ({ outcome }: SendOutcome) => outcome === 'waiting' || (outcome === 'failed' && !spoiled);
  if (
    (summary.refused.length > 0 && !spoiled) ||
    summary.outcomes.some(isUnfinished) ||
    (summary.runs?.twice.length ?? 0) > 0 ||
    (summary.runs?.missing.length ?? 0) > 0
  )
    process.exitCode = 1;
}

function pacing({ rate, concurrency, wait }: SendOptions) {
  return { concurrency, wait, ...(rate !== undefined && { perSecond: rate }) };
}

function samplesOf(kind: string, set: SampleSet | undefined, { count, type, user }: SendOptions): Outgoing {
  if (set === undefined)
    throw failure(`there are no samples of kind "${kind}"`, 'give files with payloads: npx signalbox send SOURCE FILE');
  const plan = planSamples(set, {
    ...(count !== undefined && { count }),
    ...(type !== undefined && { eventType: type }),
    ...(user !== undefined && { userId: user }),
  });
  return { kind: 'samples', plan, count: plan.introductions.length + plan.events.length };
}

async function readFiles(files: string[]): Promise<Outgoing> {
  const bodies: { name: string; body: Uint8Array<ArrayBuffer> }[] = [];
  for (const name of files) bodies.push({ name, body: await readBody(name) });
  return { kind: 'files', bodies, count: bodies.length };
}

async function readBody(name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (name === '-') return new Uint8Array(await buffer(process.stdin));
  try {
    return new Uint8Array(readFileSync(name));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw usageError(`${name} cannot be read${code === 'ENOENT' ? ': there is no such file' : `: ${code}`}`);
  }
}
