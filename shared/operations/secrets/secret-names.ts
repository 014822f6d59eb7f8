import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../environment.ts';

/** Which secrets an environment has, without its prefix: `sources/stripe`, `targets/order-completed`. Values stay where they are. */
export async function secretNames({ outputs, secrets }: Environment): Promise<Set<string>> {
  const client = await secrets();
  const prefix = `${outputs.SecretsPrefix}/`;
  const names = new Set<string>();
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: [prefix] }], NextToken }));
    // The filter matches words, so a neighbour's secrets can come along.
    for (const { Name } of page.SecretList ?? []) if (Name?.startsWith(prefix)) names.add(Name.slice(prefix.length));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return names;
}
