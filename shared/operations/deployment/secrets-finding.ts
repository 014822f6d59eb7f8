import { type EnvironmentFile, EnvironmentState, type Snapshot } from '../../core/configuration/schema.ts';
import { readSeen } from '../configuration/live-content.ts';
import { sourcesWithoutSecret, targetsWithoutSecret } from '../configuration/missing-secrets.ts';
import { type ClientConfig, openEnvironment, StackOutputs } from '../environment.ts';
import { plural } from '../words/text.ts';
import type { AwsAccount, DeployedStack } from './aws-account.ts';
import type { Commands, Finding } from './finding.ts';

/** The configuration whose secrets are looked for: what is live, or the files before the first commit. */
export type ConfigurationThere = {
  of: 'live' | 'files';
  snapshot: Snapshot;
  state: EnvironmentState;
  seed: EnvironmentFile | undefined;
};

/**
 * What is live in the stack that is there. Without a stack, or before its first commit, the files: their first commit will
 * need their secrets.
 */
export async function configurationThere(
  name: string,
  deployed: DeployedStack | undefined,
  config: ClientConfig,
  files: Pick<ConfigurationThere, 'snapshot' | 'seed'>,
): Promise<ConfigurationThere> {
  const asFiles: ConfigurationThere = { of: 'files', state: EnvironmentState.parse({}), ...files };
  // A stack that is half made, or of another version, has no outputs to find its tables by.
  const outputs = StackOutputs.safeParse(deployed?.outputs);
  if (!outputs.success) return asFiles;
  const environment = openEnvironment(name, 'AWS', outputs.data, config);
  try {
    const { current, snapshot } = await readSeen(environment.configuration);
    if (current.snapshot === undefined) return { ...asFiles, state: current.state };
    return { of: 'live', snapshot, state: current.state, seed: files.seed };
  } finally {
    environment.documents.destroy();
  }
}

/**
 * Whether the secrets are set that an environment's configuration needs. Missing ones stop no
 * deploy, but the commit after it, or requests.
 */
export async function secretsFinding(
  account: Pick<AwsAccount, 'secret'>,
  environment: string,
  { of, snapshot, state, seed }: ConfigurationThere,
  commands: Commands,
): Promise<Finding> {
  const states = new Map<string, 'set' | 'deleted' | 'absent'>();
  const isSet = async (name: string) => {
    const found = states.get(name) ?? (await account.secret(`signalbox/${environment}/${name}`));
    states.set(name, found);
    return found === 'set';
  };
  const lacking: string[] = [];
  for (const key of await sourcesWithoutSecret(snapshot.sources, { state, seed }, isSet))
    lacking.push(`sources/${key}`);
  for (const key of await targetsWithoutSecret(snapshot.workflows, environment, isSet)) lacking.push(`targets/${key}`);
  if (lacking.length === 0) {
    const found = states.size === 0 ? 'needs no secret' : `finds ${plural(states.size, 'secret')} set`;
    return { check: 'secrets', level: 'fine', found: `the configuration (${wordsFor(of)}) ${found}`, next: [] };
  }
  const deleted = lacking.filter((name) => states.get(name) === 'deleted');
  return {
    check: 'secrets',
    level: 'advice',
    found:
      `the configuration (${wordsFor(of)}) needs ${plural(lacking.length, 'secret')} that ${lacking.length === 1 ? 'is' : 'are'} not set: ${lacking.join(', ')}` +
      (deleted.length === 0 ? '' : `; scheduled for deletion: ${deleted.join(', ')}`),
    right: `set${of === 'files' ? ' after the deploy, before the first commit' : ''}: without its secret a source answers 503, and a target is not called`,
    next: lacking.map((name) =>
      commands.signalbox(`secrets ${deleted.includes(name) ? 'restore' : 'set'} ${name}`, environment),
    ),
  };
}

const wordsFor = (of: ConfigurationThere['of']) => (of === 'live' ? 'live' : 'the files');
