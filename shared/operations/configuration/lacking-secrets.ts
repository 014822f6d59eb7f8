import { readCurrent } from '../../adapters/dynamodb-configuration-table.ts';
import { own } from '../../core/json/values.ts';
import type { Environment } from '../environment.ts';
import { secretLookup } from '../secrets/secret-names.ts';
import type { ConfigurationFiles, ConfigurationProblem } from './files/configuration-files.ts';
import { sourcesWithoutSecret } from './missing-secrets.ts';

/**
 * Sources of the files whose verification is enforced in an environment without a secret, as
 * problems of their files.
 */
export async function lackingSecrets(
  environment: Environment,
  { directory, snapshot, environments }: ConfigurationFiles,
): Promise<ConfigurationProblem[]> {
  const { state } = await readCurrent(environment.configuration);
  const there = { state, seed: own(environments, environment.name) };
  const lacking = await sourcesWithoutSecret(snapshot.sources, there, secretLookup(environment));
  return lacking.map((key) => ({
    severity: 'error',
    file: `${directory}/sources/${key}.yaml`,
    path: '',
    message: `is verified in ${environment.name} and has no secret there, so every request would be answered 503; set it: npx signalbox secrets set ${key} -e ${environment.name}, or do without: npx signalbox settings set ${key} --enforce off -e ${environment.name}`,
  }));
}
