import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { readCurrent } from '../../adapters/dynamodb-configuration-table.ts';
import type { ResourceRef } from '../../core/configuration/resources.ts';
import { own } from '../../core/json/values.ts';
import type { Environment } from '../environment.ts';
import { secretLookup } from '../secrets/secret-names.ts';
import type { ConfigurationFiles, ConfigurationProblem } from './files/configuration-files.ts';
import { sourcesWithoutSecret, targetsWithoutSecret } from './missing-secrets.ts';

/**
 * Sources of the files whose verification is enforced in an environment without a secret, and
 * workflows whose target needs one, as problems of their files. A run waits for its secret, so that
 * is a warning.
 */
export async function lackingSecrets(
  environment: Environment,
  { directory, snapshot, environments }: ConfigurationFiles,
): Promise<ConfigurationProblem[]> {
  const { state } = await readCurrent(environment.configuration);
  const there = { state, seed: own(environments, environment.name) };
  const isSet = secretLookup(environment);
  const [sources, targets] = await Promise.all([
    sourcesWithoutSecret(snapshot.sources, there, isSet),
    targetsWithoutSecret(snapshot.workflows, environment.name, isSet),
  ]);
  const ofSources = sources.map(
    (key): ConfigurationProblem => ({
      severity: 'error',
      file: `${directory}/sources/${key}.yaml`,
      path: '',
      message: `is verified in ${environment.name} and has no secret there, so every request would be answered 503; set it: npx signalbox secrets set ${key} -e ${environment.name}, or do without: npx signalbox settings set ${key} --enforce off -e ${environment.name}`,
    }),
  );
  const ofTargets = targets.map(
    (key): ConfigurationProblem => ({
      severity: 'warning',
      file: `${directory}/workflows/${key}.yaml`,
      path: `target.${environment.name}`,
      message: targetSecretText(environment.name, key),
    }),
  );
  return [...ofSources, ...ofTargets];
}

/**
 * Of the workflows that a commit made live, those whose target needs a secret that is not set: a
 * sentence for each. The commit stays when this cannot be looked at, so then there is one that says so.
 */
export async function targetsLackingSecrets(
  environment: Environment,
  changes: readonly ResourceRef[],
): Promise<string[]> {
  const keys = new Set(changes.flatMap(({ type, key }) => (type === 'workflow' ? [key] : [])));
  if (keys.size === 0) return [];
  try {
    const { snapshot } = await readLive(environment.configuration);
    const changed = Object.fromEntries(Object.entries(snapshot.workflows).filter(([key]) => keys.has(key)));
    const lacking = await targetsWithoutSecret(changed, environment.name, secretLookup(environment));
    return lacking.map((key) => `workflow ${key} ${targetSecretText(environment.name, key)}`);
  } catch {
    return [`Secrets of ${environment.name} could not be looked at: npx signalbox doctor -e ${environment.name}`];
  }
}

/** What a workflow's target lacks in an environment, and the command that sets it. */
function targetSecretText(environment: string, workflow: string): string {
  return `needs a secret that is not set in ${environment}, so runs wait for it a day and then fail; set it: npx signalbox secrets set targets/${workflow} -e ${environment}`;
}
