import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import type { Command } from 'commander';
import { UrlState } from '../../../shared/core/configuration/schema.ts';
import type { BodyTemplate, DefaultMapping, GuidedKind } from '../../../shared/core/sources/guide.ts';
import type { SourceKind } from '../../../shared/core/sources/source.ts';
import { shippedDirectory } from '../../../shared/operations/configuration/files/configuration-files.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { Refusal } from '../../../shared/operations/refusal.ts';
import { setSecret } from '../../../shared/operations/secrets/change-secret.ts';
import { secretState } from '../../../shared/operations/secrets/secret-store.ts';
import { ingestUrls, secretsOf } from '../../../shared/operations/sources/ingest-urls.ts';
import { unknownKind } from '../../../shared/operations/sources/kind-row.ts';
import {
  chooseMappings,
  type MappingChoice,
  type WrittenFile,
  writeNewSource,
} from '../../../shared/operations/sources/new-source.ts';
import { filled } from '../../../shared/operations/sources/setup-steps.ts';
import { sourceGuide, sourceGuides } from '../../../shared/operations/sources/source-guides.ts';
import { currentAuthor } from '../../author.ts';
import { environments } from '../../environments.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';

type AddOptions = MappingChoice & { key?: string; dir: string };

export function addAdd(sources: Command): void {
  const add = sources
    .command('add <kind>')
    .description("writes a source's file with the kind's default mappings, and says what to do at the vendor")
    .option('--key <key>', "the source's key, in its URL and its rows; by default the kind's name")
    .option('--only <event...>', 'default mappings of these event types alone, optional ones too')
    .option('--without <event...>', 'default mappings but those of these event types')
    .option('--dir <path>', 'folder of the configuration files', shippedDirectory)
    .action((kind: string, _options, command: Command) => addCommand(kind, optionsOf<AddOptions>(command)));
  examples(
    add,
    ['sources add stripe', 'asks which default mappings to take'],
    ['sources add stripe --key stripe-eu --only invoice.paid', 'a second one, for one event type'],
    ['sources add supabase -e production', 'with a secret of its own for production'],
  );
}

/** `--json` of `sources add`. */
export type AddedSource = {
  key: string;
  kind: string;
  files: string[];
  mappings: string[];
  environment: string;
  /** Null when the environment cannot be reached; `sources KEY` shows it there later. */
  url: string | null;
  /** A secret that was made here, shown only this once; null when none was made. */
  generated_secret: string | null;
  steps: string[];
  /** What the steps call the first and the second template; empty where the vendor's payload is fixed. */
  templates: BodyTemplate[];
};

async function addCommand(name: string, options: GlobalOptions & AddOptions): Promise<void> {
  const terminal = processTerminal();
  const guided = await sourceGuide(name);
  if (guided === undefined) throw unknownKind(name, await sourceGuides());
  const key = options.key ?? guided.kind.id;
  const mappings = await mappingsFor(guided, options, terminal);
  const written = writeNewSource({ key, kind: guided, mappings, directory: options.dir });
  const there = await reach(options);
  const url = there && (await ingestUrls(there, await secretsOf(there)))(key, UrlState.parse({}));
  const secret =
    there && guided.guide.secret?.from === 'generated' ? await generateSecret(there, key, guided.kind) : undefined;
  const added: AddedSource = {
    key,
    kind: guided.kind.id,
    files: written.map(({ path }) => relative(process.cwd(), path)),
    mappings: mappings.map(({ mapping }) => mapping.id),
    environment: options.environment,
    url: url ?? null,
    generated_secret: secret ?? null,
    steps: guided.guide.setup.map((step) => filled(step, { key, environment: options.environment, url })),
    templates: [...(guided.guide.templates ?? [])],
  };
  if (options.json) return printJson(terminal, added);
  await print(terminal, added, guided, written);
}

/** The requested mappings; without any, a terminal asks the person. */
async function mappingsFor(guided: GuidedKind, options: GlobalOptions & AddOptions, terminal: Terminal) {
  const chosen = chooseMappings(guided, options);
  const asked = options.only !== undefined || options.without !== undefined || options.json;
  if (asked || !process.stdin.isTTY || !terminal.interactive || guided.guide.defaultMappings.length === 0)
    return chosen;
  const { default: checkbox } = await import('@inquirer/checkbox');
  return checkbox<DefaultMapping>(
    {
      message: `Mappings of ${guided.kind.title} to begin with`,
      choices: guided.guide.defaultMappings.map((one) => ({
        name: `${one.mapping.event} → ${one.mapping.action}`,
        value: one,
        description: one.about,
        checked: chosen.includes(one),
      })),
    },
    { output: process.stderr },
  );
}

/** The environment, if it can be reached; the file is useful without it. */
async function reach(options: GlobalOptions): Promise<Environment | undefined> {
  try {
    return await connect(options);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/**
 * @returns undefined when the source already has a secret, which is kept, or takes no secret made
 * by us
 */
async function generateSecret(
  environment: Environment,
  key: string,
  { verifier }: SourceKind,
): Promise<string | undefined> {
  const { configuration: changes, outputs } = environment;
  const store = { client: await environment.secrets(), prefix: outputs.SecretsPrefix, changes };
  const name = `sources/${key}`;
  const value = verifier.newSecret?.(randomBytes(32));
  if (value === undefined || (await secretState(store, name)).values > 0) return undefined;
  await setSecret(store, { name, value, also: false, author: currentAuthor(), nowMs: Date.now() });
  return value;
}

/** Content is committed in the first environment, and promoted from there. */
function goLive({ environment }: AddedSource): string {
  const [first] = environments;
  const commit = 'npx signalbox config validate && npx signalbox config push --commit';
  return environment === first.name
    ? `Make it live: ${commit}`
    : `Make it live: ${commit}, then npx signalbox config promote, step by step up to ${environment}`;
}

/** What the steps refer to: templates as they are pasted, and the vendor's other kind of destination. */
export function toPaste({ kind, guide: { templates = [], destination } }: GuidedKind): string[] {
  const lines = templates.flatMap(({ title, text }, i) => ['', `Template ${i + 1}. ${title}:`, '', text]);
  if (destination === undefined) return lines;
  const page = `docs/sources/${kind.id}.md#${destination.title.toLowerCase().replaceAll(' ', '-')}`;
  return [...lines, '', `Or without mappings, as ${kind.title}'s ${destination.title}: ${page}`];
}

async function print(
  terminal: Terminal,
  added: AddedSource,
  { kind, guide }: GuidedKind,
  written: WrittenFile[],
): Promise<void> {
  const { out, note, colours } = terminal;
  for (const { path, kind: what } of written)
    out(
      `${colours.green('wrote')} ${relative(process.cwd(), path)}${what === 'workflow' ? ' (records its runs; point it somewhere: docs/targets.md)' : ''}`,
    );
  out(`\n${colours.bold(`Set up ${kind.title}, in ${added.environment}`)}`);
  let number = 0;
  const step = (text: string) => out(`  ${++number}. ${text}`);
  for (const text of added.steps) step(text);
  if (added.generated_secret !== null) {
    step(`The secret, shown this once: ${colours.bold(added.generated_secret)}`);
    out(`     It goes to ${guide.secret?.where}.`);
  } else if (guide.secret !== undefined && !added.steps.some((text) => text.includes('secrets set'))) {
    const make = guide.secret.from === 'generated' ? ' --generate' : '';
    step(`The secret (${guide.secret.where}): npx signalbox secrets set ${added.key} -e ${added.environment}${make}`);
  }
  step(goLive(added));
  step(`See it work: npx signalbox send ${added.key} -e ${added.environment}`);
  for (const line of toPaste({ kind, guide })) out(line);
  note(`\nMore about this sender: docs/sources/${kind.id}.md`);
  if (added.url !== null) note('A URL is a credential: knowing it is enough to send events.');
}
