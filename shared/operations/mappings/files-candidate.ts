import {
  type EnvironmentFile,
  type EnvironmentState,
  type Snapshot,
  SourceState,
} from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import {
  type ConfigurationFiles,
  problemText,
  readConfigurationFiles,
} from '../configuration/files/configuration-files.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';
import { plural } from '../words/text.ts';
import type { Candidate } from './candidate.ts';

/**
 * The files of a folder as they would be live: existing state is kept, and new sources get their
 * first values.
 * @throws Refusal with every error of the files
 */
export function filesCandidate(environment: Environment, live: LiveConfiguration, directory: string): Candidate {
  const files = readConfigurationFiles(directory);
  const errors = files.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw failure(`${plural(errors.length, 'error')} in the configuration files`, ...errors.map(problemText));
  return candidateOfFiles(environment, live, files);
}

/** The same of files that were read and have no errors. */
export function candidateOfFiles(
  { name }: Pick<Environment, 'name'>,
  live: LiveConfiguration,
  { snapshot, environments }: Pick<ConfigurationFiles, 'snapshot' | 'environments'>,
): Candidate {
  const state = withNewSources(live.state, snapshot, own(environments, name));
  return { configuration: { ...live, snapshot, state }, name: 'files' };
}

function withNewSources(
  state: EnvironmentState,
  snapshot: Snapshot,
  seed: EnvironmentFile | undefined,
): EnvironmentState {
  const added = Object.keys(snapshot.sources).filter((key) => !Object.hasOwn(state.sources, key));
  const first = added.map((key) => {
    const values = seed !== undefined && Object.hasOwn(seed.sources, key) ? seed.sources[key] : {};
    return [key, SourceState.parse(values)] as const;
  });
  return { ...state, sources: { ...state.sources, ...Object.fromEntries(first) } };
}
