import type { Command } from 'commander';
import type { Environment } from '../../../shared/operations/environment.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { stateOf } from '../../../shared/operations/settings/change.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import { ingestUrls, secretsOf } from '../../../shared/operations/sources/ingest-urls.ts';
import { retireUrl, rotateUrl } from '../../../shared/operations/sources/rotate-url.ts';
import {
  endOfUse,
  stillValidRefusal,
  usedLatelyRefusal,
  usedLatelyText,
} from '../../../shared/operations/sources/rotation-refusal.ts';
import { addReason, examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { askedNow } from '../settings/asked.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';

type RotateOptions = GlobalOptions & { retire?: boolean; force?: boolean; yes?: boolean; message?: string };

/** `sources rotate`: a new URL beside the old one, and the end of the old one. */
export function addRotate(sources: Command): void {
  const rotate = addReason(sources.command('rotate <key>'))
    .description('give a source a new URL; the old one stays valid until it is retired')
    .option('--retire', 'end the old URL instead: the sender uses the new one')
    .option('--force', 'rotate although the URL before is still valid, which ends that one')
    .option('--yes', 'retire the old URL although it was used within a day')
    .action((key: string, _options, command: Command) => {
      const options = optionsOf<RotateOptions>(command);
      if (options.retire && options.force) throw usageError('--force is for rotating; retire takes --yes');
      if (options.yes && !options.retire) throw usageError('--yes is for --retire; rotating takes --force');
      return options.retire ? retireCommand(key, options) : rotateCommand(key, options);
    });
  examples(
    rotate,
    ['sources rotate rudderstack', 'prints the new URL; paste it at the sender'],
    ['sources rudderstack', 'is the old one still used?'],
    ['sources rotate rudderstack --retire', 'ends the old one'],
  );
}

async function rotateCommand(source: string, options: RotateOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const nowMs = Date.now();
  const evenIfValid = options.force === true;
  const rotated = await rotateUrl(environment.configuration, { source, evenIfValid, ...askedNow(options) });
  if (rotated.kind === 'unknown') throw unknownName(rotated, environment.name);
  if (rotated.kind === 'previous_still_valid') throw stillValidRefusal(source, rotated.previous, nowMs);
  const { url } = stateOf(rotated.state, source);
  const newUrl = (await ingestUrls(environment, await secretsOf(environment)))(source, url);
  const { version } = rotated;
  if (options.json)
    return printJson(terminal, {
      environment: environment.name,
      source,
      url: newUrl,
      generation: url.generation,
      version,
    });
  terminal.out(newUrl);
  terminal.note(
    `The URL of ${source} in ${environment.name} from version ${version}, within 30 s. The old one still works.`,
  );
  terminal.note('1. Paste it at the sender. It is a credential: knowing it is enough to send events.');
  terminal.note(`2. See when the old one was last used: npx signalbox sources ${source}`);
  terminal.note(`3. Once it is quiet, end it: npx signalbox sources rotate ${source} --retire`);
}

async function retireCommand(source: string, options: RotateOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const retired = await retire(source, options, environment);
  const { url } = stateOf(retired.state, source);
  if (options.json) {
    const changed = retired.kind === 'changed';
    return printJson(terminal, {
      environment: environment.name,
      source,
      retired: changed,
      generation: url.generation,
      version: retired.version,
    });
  }
  if (retired.kind === 'unchanged')
    terminal.out(`${source} has no old URL in ${environment.name}: only the current one is valid`);
  else
    terminal.out(`the old URL of ${source} ends in ${environment.name} with version ${retired.version}, within 30 s`);
}

/** Asks before it ends a recently used URL; without a terminal it refuses. */
async function retire(source: string, options: RotateOptions, { configuration, name }: Environment) {
  const request = { source, ...askedNow(options) };
  const first = await retireUrl(configuration, { ...request, evenIfUsed: options.yes === true });
  if (first.kind === 'unknown') throw unknownName(first, name);
  if (first.kind !== 'used_lately') return first;
  if (options.json || !canAsk()) throw usedLatelyRefusal(source, name, first.previous, request.nowMs);
  const why = usedLatelyText(source, name, first.previous, request.nowMs);
  if (!(await confirm(`${why}.\n${endOfUse}. End it?`))) throw failure('nothing was changed');
  const second = await retireUrl(configuration, { ...request, evenIfUsed: true });
  if (second.kind === 'unknown' || second.kind === 'used_lately')
    throw failure(`${source} changed meanwhile; look again`);
  return second;
}
