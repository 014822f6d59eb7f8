import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../environment.ts';

/**
 * Whether a secret is set. It asks for each by name, since the list is up to five minutes behind on
 * AWS. Values are not read. A secret scheduled for deletion can't be used, and counts as not set.
 */
export function secretLookup({ outputs, secrets }: Environment): (name: string) => Promise<boolean> {
  const answers = new Map<string, Promise<boolean>>();
  const ask = async (name: string) => {
    const client = await secrets();
    try {
      const SecretId = `${outputs.SecretsPrefix}/${name}`;
      return (await client.send(new DescribeSecretCommand({ SecretId }))).DeletedDate === undefined;
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return false;
      throw error;
    }
  };
  return (name) => {
    const answer = answers.get(name) ?? ask(name);
    answers.set(name, answer);
    return answer;
  };
}
