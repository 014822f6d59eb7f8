import { DescribeSecretCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../environment.ts';

/**
 * The names of an environment's secrets, without its prefix: `sources/stripe`,
 * `targets/order-completed`. Values are not read.
 */
export async function secretNames({ outputs, secrets }: Environment): Promise<Set<string>> {
  const client = await secrets();
  const prefix = `${outputs.SecretsPrefix}/`;
  const names = new Set<string>();
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: [prefix] }], NextToken }));
    // The filter matches words, so it can return another environment's secrets.
    for (const { Name } of page.SecretList ?? []) if (Name?.startsWith(prefix)) names.add(Name.slice(prefix.length));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return names;
}

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
