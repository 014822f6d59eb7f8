import type { Command } from 'commander';
import { listEventTypes } from '../../../shared/adapters/dynamodb-seen-registry.ts';
import { makePreprocessor } from '../../../shared/adapters/jsonata-preprocessor.ts';
import { actions } from '../../../shared/core/actions/index.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { readAndPlan } from '../../../shared/core/plan/plan-event.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { eventLogOf, listEvents, readEvent } from '../../../shared/operations/events/events.ts';
import { rawEventOf } from '../../../shared/operations/events/recompute.ts';
import { mappingYaml } from '../../../shared/operations/mappings/mapping-yaml.ts';
import { suggestMapping } from '../../../shared/operations/mappings/suggest-mapping.ts';
import { failure, notFound, usageError } from '../../../shared/operations/refusal.ts';
import { type KnownSource, pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { didYouMean } from '../../../shared/operations/words/did-you-mean.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';

type SuggestOptions = { event?: string; action?: string };
type Options = ReturnType<typeof optionsOf<SuggestOptions>>;

export function addMappingSuggest(mapping: Command): void {
  const suggest = mapping
    .command('suggest <source> <type>')
    .description('a mapping to begin with, as YAML, made from a stored event of the type')
    .option('--event <id>', 'from this event; by default from the newest that is known')
    .option('--action <name>', 'with this action; guessed by default')
    .action((source: string, type: string, _options, command: Command) =>
      suggestCommand(source, type, optionsOf<SuggestOptions>(command)),
    );
  examples(
    suggest,
    ['mapping suggest rudderstack track/order_completed', 'to paste under mappings: in its file'],
    ['mapping suggest rudderstack identify --action objects_set', 'for something else than the obvious'],
  );
}

async function suggestCommand(source: string, type: string, options: Options): Promise<void> {
  const ids = actions.map(({ id }) => id);
  if (options.action !== undefined && !ids.includes(options.action))
    throw usageError(`"${options.action}" is not an action${didYouMean(options.action, ids)}`);
  const problem = options.event === undefined ? undefined : idProblem(options.event);
  if (problem !== undefined) throw usageError(problem, 'ids are shown by: npx signalbox events');
  const terminal = processTerminal();
  const environment = await connect(options);
  const { live, known } = await readSources(environment);
  pickSources(known, source);
  const entry = await sampleOf(environment, known, source, type, options.event);
  const { event, plan } = await readAndPlan(
    rawEventOf(entry),
    live,
    makePreprocessor(() => performance.now()),
  );
  if (event === undefined)
    throw failure(
      `event ${entry.id} cannot be read as configured now: ${plan.kind === 'rejected' ? (plan.detail ?? plan.reason) : plan.kind}`,
      `npx signalbox mapping test ${source} --event ${entry.id}`,
    );
  const suggestion = suggestMapping({ event, source, action: options.action, snapshot: live.snapshot });
  const { mapping, notes, paths } = suggestion;
  if (event.eventType !== type)
    terminal.note(`event ${entry.id} is of type "${event.eventType}", and so is the mapping`);
  if (options.json) {
    const shown = paths.map(({ path, shown }) => ({ path, value: shown }));
    return printJson(terminal, { source, type: event.eventType, event_id: entry.id, mapping, notes, paths: shown });
  }
  terminal.out(mappingYaml(suggestion, { source, eventId: entry.id }));
  for (const note of notes) terminal.note(`to check: ${note}`);
  terminal.note(
    `paste it under "mappings:" in infra/config/sources/${source}.yaml; its comments quote a real event, so delete them before it is committed`,
  );
}

/** The named event, else the registry's sample, else the newest event of the type. */
async function sampleOf(
  environment: Environment,
  known: KnownSource[],
  source: string,
  type: string,
  id: string | undefined,
): Promise<EventLogEntry> {
  const log = eventLogOf(environment);
  if (id !== undefined) {
    const entry = await readEvent(log, id, known);
    if (entry?.source === source) return entry;
    throw notFound(`source ${source} has no event ${id} in ${environment.name}`, `npx signalbox why ${id}`);
  }
  const types = await listEventTypes(environment.configuration, source);
  const sample = types.find(({ eventType }) => eventType === type)?.sampleEventId;
  const entry = sample === undefined ? undefined : await readEvent(log, sample, known);
  if (entry !== undefined) return entry;
  // It aged out, or its type is beyond the registry's limit.
  const sources = known.filter(({ key }) => key === source);
  const [newest] = await listEvents(log, {
    ...searchRange({}, Date.now(), { retentionDays: environment.outputs.LogRetentionDays }),
    sources,
    eventType: type,
    limit: 1,
  });
  if (newest !== undefined) return newest;
  const names = types.map(({ eventType }) => eventType);
  throw notFound(
    `no event of type "${type}" is stored${didYouMean(type, names.slice(0, 20))}`,
    `types that were seen: npx signalbox event-types ${source}`,
  );
}
