import type { Command } from 'commander';
import { holdSource } from '../../../shared/operations/holds/hold-source.ts';
import { carryOnSourceRelease, resumeSource } from '../../../shared/operations/holds/release-source.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import { formatCount, plural } from '../../../shared/operations/words/text.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { addReason, examples, type GlobalOptions, optionsOf, positiveNumber } from '../command.ts';
import { connect } from '../environment.ts';
import { followJob } from '../jobs/follow.ts';
import { askedNow } from '../settings/asked.ts';
import { printSwitched } from '../settings/switched.ts';
import { processTerminal } from '../terminal/terminal.ts';

type Options<Flags = object> = GlobalOptions & { message?: string } & Flags;

export function addPause(sources: Command): void {
  const pause = addReason(sources.command('pause <key>'))
    .description('keep its events and run nothing: they are verified, answered 200 and held until it is resumed')
    .action((key: string, _options, self: Command) => pauseCommand(key, optionsOf(self)));
  examples(
    pause,
    ['sources pause rudderstack -m "mapping is wrong"', 'with a reason'],
    ['sources pause rudderstack -e production', 'within 30 s, in production alone'],
  );
  const resume = addReason(sources.command('resume <key>'))
    .description('run its events again, and release the held ones, oldest first')
    .option('--rate <n>', 'at most so many held events per second: 50, or 50/s', rate)
    .action((key: string, _options, self: Command) => resumeCommand(key, optionsOf(self)));
  examples(
    resume,
    ['sources resume rudderstack', 'as fast as it goes'],
    ['sources resume rudderstack --rate 50/s -e production', 'slowly; Ctrl-C leaves it, jobs resume goes on'],
  );
}

const rate = (text: string) => positiveNumber(text.replace(/\/s$/, ''));

async function pauseCommand(source: string, options: Options): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const { name } = environment;
  const paused = await holdSource(environment, { source, ...askedNow(options) });
  if (paused.kind === 'unknown') throw unknownName(paused, name);
  const { hold, held, keptDays, stoppedJob } = paused;
  printSwitched(terminal, options, paused, {
    environment: name,
    what: `source ${source}`,
    state: 'paused',
    row: { source, paused: true, since: hold.since, held: held.count, kept_days: keptDays },
  });
  if (stoppedJob !== undefined) terminal.note(`The release was stopped: job ${stoppedJob}.`);
  const kept = `Each held event is kept for ${plural(keptDays, 'day')} from its receipt, then its row ages out and it is lost.`;
  terminal.note(
    held.expiresAtMs === undefined
      ? kept
      : `${held.isCut ? 'At least ' : ''}${plural(held.count, 'event')} held; the oldest ages out ${formatWhen(held.expiresAtMs, Date.now())}.`,
  );
  const on = name === 'development' ? '' : ` -e ${name}`;
  terminal.note(
    `One of them, to try a fix: npx signalbox replay ID${on}. All: npx signalbox sources resume ${source}${on}`,
  );
}

async function resumeCommand(source: string, options: Options<{ rate?: number }>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const { name } = environment;
  const asked = { source, perSecond: options.rate, ...askedNow(options) };
  const resumed = await resumeSource(environment, asked);
  switch (resumed.kind) {
    case 'unknown':
      throw unknownName(resumed, name);
    case 'running':
      throw failure(
        `the events of source ${source} are being released already, by ${resumed.job.author}: job ${resumed.job.id}`,
        `npx signalbox jobs show ${resumed.job.id}`,
        `if its process is dead, npx signalbox jobs resume ${resumed.job.id} goes on`,
      );
    case 'unchanged': {
      const changed = {
        ...resumed,
        kind: 'unchanged' as const,
        changes: [],
        state: { sources: {}, inactive_workflows: [] },
      };
      const about = { environment: name, what: `source ${source}`, state: 'not paused' };
      return printSwitched(terminal, options, changed, { ...about, row: { source, paused: false } });
    }
    case 'releasing': {
      const { job } = resumed;
      terminal.note(`source ${source} runs new events within 30 s; ${formatCount(job.total)} held are released`);
      await followJob(terminal, environment, job, options, (run) => carryOnSourceRelease(environment, job.id, run));
    }
  }
}
