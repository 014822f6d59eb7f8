import { join } from 'node:path';
import type { Snapshot, SourceFile } from '../../../core/configuration/schema.ts';
import { mappingsOf } from '../../../core/configuration/triggers.ts';
import type { RawEvent } from '../../../core/events/raw-event.ts';
import { own, sameJson } from '../../../core/json/values.ts';
import { resourceNamedBy } from '../../../core/mappings/action-facts.ts';
import type { LiveConfiguration } from '../../../ports/configuration.ts';
import {
  type ConfigurationFiles,
  type ConfigurationProblem,
  problemText,
  readConfigurationFiles,
} from '../../configuration/files/configuration-files.ts';
import { readYaml } from '../../configuration/files/read-yaml.ts';
import type { Environment } from '../../environment.ts';
import { plannedWorkflows } from '../../sources/new-source.ts';
import { describeChange } from '../describe-change.ts';
import { describeVerdict } from '../describe-verdict.ts';
import type { DryRunChangeRow, DryRunMappingRow, DryRunRow } from '../dry-run-rows.ts';
import { mappingTestRow } from '../dry-run-rows.ts';
import { candidateOfFiles } from '../files-candidate.ts';
import { testEvent } from '../test-event.ts';
import { type FileRef, type MappingPlace, placesIn } from './mapping-file.ts';

/** A mapping of the text, beside the one that is live. */
export type TriedMapping = MappingPlace & {
  live: 'same' | 'differs' | 'absent';
  /** Null when it is not live. */
  active: boolean | null;
};

/** Rows of `mapping test`, each with its words. */
export type SaidMappingRow = DryRunMappingRow & { said: string };
export type SaidDryRun = Omit<DryRunRow, 'mappings' | 'data' | 'preprocess'> & { mappings: SaidMappingRow[] };
export type TriedEvent = {
  event_id: string | null;
  config_version: number;
  live: SaidDryRun;
  draft: SaidDryRun;
  changes: (DryRunChangeRow & { said: string })[];
};

export type Tried = {
  /** Of the text itself, errors first. */
  problems: Omit<ConfigurationProblem, 'file'>[];
  /** Errors of other files: nothing can be pushed before they are mended. */
  elsewhere: string[];
  mappings: TriedMapping[];
  /** Whether all that the text says is live: its mappings, and what stands around them. */
  isLive: boolean;
  /** Paths of files that a save writes as well: workflows that only record their runs. */
  adds: string[];
  /** Workflows that the text starts and that are not live: a commit of the text needs them. */
  startsUncommitted: string[];
  /** Null while the text has errors, and without an event. */
  test: TriedEvent | null;
};

const problemsMax = 50;

/** A text that is being written, and workflows that get a file with it once it starts them. */
export type WrittenText = {
  directory: string;
  file: FileRef;
  text: string;
  /** Keys of workflows. A file is planned for each that the text starts and that has none. */
  adds: readonly string[];
};

/** The files of a folder with one of them as it is being written. */
export function filesWith({ directory, file: ref, text, adds }: WrittenText) {
  const alone = readConfigurationFiles(directory, [{ ...ref, text }]);
  const started = ref.kind === 'sources' ? workflowsStartedBy(own(alone.snapshot.sources, ref.key)) : [];
  const wanted = adds.filter((key) => started.includes(key));
  const added = plannedWorkflows(wanted, directory);
  const files =
    added.length === 0
      ? alone
      : readConfigurationFiles(directory, [
          { ...ref, text },
          ...added.map(({ key, text }) => ({ kind: 'workflows' as const, key, text })),
        ]);
  const names = ['yaml', 'yml'].map((ending) => join(directory, ref.kind, `${ref.key}.${ending}`));
  const isOwn = (one: ConfigurationProblem) => names.includes(one.file);
  const problems = files.problems.filter(isOwn);
  const isWrong = problems.some(({ severity }) => severity === 'error');
  const elsewhere = files.problems.filter((one) => one.severity === 'error' && !isOwn(one));
  return { files, started, added, problems, isWrong, elsewhere };
}

/** Workflows that a source's mappings name, each once. */
function workflowsStartedBy(source: SourceFile | undefined): string[] {
  const named = (source?.mappings ?? []).map((mapping) => resourceNamedBy(mapping));
  return [...new Set(named.flatMap((one) => (one?.type === 'workflow' ? [one.key] : [])))];
}

export type TryText = WrittenText & { environment: Environment; live: LiveConfiguration; nowMs: number };

/**
 * What is wrong with a text, and what would become of one event by it, beside what becomes of it
 * now. Nothing has an effect.
 * @param eventOf the event, by the configuration of the text; called only when that has no error
 */
export async function tryText(
  { environment, live, nowMs, ...written }: TryText,
  eventOf: (files: ConfigurationFiles) => Promise<{ raw: RawEvent; isStored: boolean } | undefined>,
): Promise<Tried> {
  const { files, started, added, problems, isWrong, elsewhere } = filesWith(written);
  const tried: Tried = {
    problems: problems
      .sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
      .slice(0, problemsMax)
      .map(({ file: _file, ...problem }) => problem),
    elsewhere: elsewhere.slice(0, problemsMax).map(problemText),
    mappings: mappingsIn(written, files, live),
    isLive: isLiveAs(written.file, files, live),
    adds: added.map(({ path }) => path),
    startsUncommitted: started.filter(
      (key) => own(files.snapshot.workflows, key) !== undefined && own(live.snapshot.workflows, key) === undefined,
    ),
    test: null,
  };
  const event = isWrong ? undefined : await eventOf(files);
  if (event === undefined) return tried;
  const draft = candidateOfFiles(environment, live, files).configuration;
  const tested = await testEvent(event.raw, { live, draft, environment: environment.name, nowMs });
  const row = mappingTestRow(tested, event.isStored);
  if (row.draft === null) return tried;
  const { event_id, config_version, changes } = row;
  const said = changes.map((change) => ({ ...change, said: describeChange(change) }));
  return {
    ...tried,
    test: { event_id, config_version, live: saidRow(row.live), draft: saidRow(row.draft), changes: said },
  };
}

function saidRow({ data: _data, preprocess: _preprocess, mappings, ...row }: DryRunRow): SaidDryRun {
  return { ...row, mappings: mappings.map((mapping) => ({ ...mapping, said: describeVerdict(mapping, 'would be') })) };
}

function isLiveAs({ kind, key }: FileRef, files: ConfigurationFiles, live: LiveConfiguration): boolean {
  const of = ({ sources, workflows }: Snapshot) => (kind === 'sources' ? own(sources, key) : own(workflows, key));
  const [then, now] = [of(files.snapshot), of(live.snapshot)];
  return then !== undefined && now !== undefined && sameJson(then, now);
}

function mappingsIn(
  { file: ref, text }: WrittenText,
  files: ConfigurationFiles,
  live: LiveConfiguration,
): TriedMapping[] {
  const read = readYaml(Buffer.from(text));
  if (read.kind === 'wrong') return [];
  return placesIn(ref, read.yaml).map((place) => {
    const { source, id } = place;
    const now = mappingsOf(live.snapshot, source).find((mapping) => mapping.id === id);
    const then = mappingsOf(files.snapshot, source).find((mapping) => mapping.id === id);
    const isActive = own(live.state.sources, source)?.inactive_mappings.includes(id) !== true;
    if (now === undefined) return { ...place, live: 'absent', active: null };
    return { ...place, live: sameJson(now, then) ? 'same' : 'differs', active: isActive };
  });
}
