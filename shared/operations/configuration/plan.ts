import { EnvironmentFile } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf } from '../events/events.ts';
import { type Comparison, compareLast, rowsMax } from '../mappings/compare-last.ts';
import { candidateOfFiles } from '../mappings/files-candidate.ts';
import { readSources } from '../sources/known-sources.ts';
import { commitTermsOf } from './commit-terms.ts';
import type { ConfigurationFiles } from './files/configuration-files.ts';
import { differences, type ResourceDifference } from './history.ts';
import { readSeen } from './live-content.ts';
import { objectionsTo, objectionText } from './objections.ts';

/** What a commit of files would change, told before it happens. `--json` of `config plan`. */
export type ConfigurationPlan = {
  environment: string;
  /** Of the configuration that is live; 0 before the first commit. */
  version: number;
  changes: Pick<ResourceDifference, 'type' | 'key' | 'change' | 'fields'>[];
  /** Why a commit would be refused. */
  objections: { what: string; remedies: string[] }[];
  /** What would become of the newest stored events of each live source, by the files. */
  outcomes: Comparison[];
};

export type PlanRequest = {
  files: Pick<ConfigurationFiles, 'snapshot' | 'environments'>;
  /** So many events of each source are compared. */
  last: number;
  sinceMs: number;
  untilMs: number;
  nowMs: number;
  /** Called before the events of a source are compared. */
  onSource?(source: string): void;
};

/**
 * Compares files with what is live: field by field, and by what would become of stored events.
 * Reads only.
 */
export async function planConfiguration(environment: Environment, request: PlanRequest): Promise<ConfigurationPlan> {
  const { files, last, sinceMs, untilMs, nowMs } = request;
  const seen = await readSeen(environment.configuration);
  const changes = differences(seen.snapshot, files.snapshot);
  const seed = own(files.environments, environment.name) ?? EnvironmentFile.parse({});
  const objections = await objectionsTo(seen, files.snapshot, changes, { ...commitTermsOf(environment, []), seed });
  const outcomes: Comparison[] = [];
  // Without a change every outcome is the same.
  if (changes.length > 0 && seen.current.version > 0) {
    const { live, known } = await readSources(environment);
    const draft = candidateOfFiles(environment, live, files).configuration;
    const about = { last, rowsMax, sinceMs, untilMs, live, draft, environment: environment.name, nowMs };
    for (const source of known.filter(({ key }) => own(live.snapshot.sources, key) !== undefined)) {
      request.onSource?.(source.key);
      outcomes.push(await compareLast(eventLogOf(environment), { ...about, source }));
    }
  }
  return {
    environment: environment.name,
    version: seen.current.version,
    changes: changes.map(({ type, key, change, fields }) => ({ type, key, change, fields })),
    objections: objections.map((objection) => objectionText(objection, environment.name)),
    outcomes,
  };
}
