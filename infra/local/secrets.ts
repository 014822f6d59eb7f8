import type { Roles } from './access/roles.ts';
import type { LocalCredentials } from './credentials.ts';
import { accountId, region } from './resources/resource-type.ts';
import type { SecretResource } from './resources/secret.ts';
import { openSecretStore } from './secret-store.ts';
import { generateSecretString } from './secret-string.ts';
import { startSecretsApi } from './secrets-api.ts';

export type LocalSecrets = {
  endpoint: string;
  /** Creates the secret. A generated value never changes, even if the template changes later. */
  ensure(secret: SecretResource): void;
  stop(): Promise<void>;
};

/** @param file for the secrets; absent: in memory */
export async function startSecrets(
  file: string | undefined,
  credentials: LocalCredentials,
  roles?: Roles,
): Promise<LocalSecrets> {
  const store = openSecretStore(file, `arn:aws:secretsmanager:${region}:${accountId}:secret:`);
  const api = await startSecretsApi(store, credentials, roles);
  return {
    endpoint: api.endpoint,
    ensure({ name, description, value }) {
      if (store.get(name) === undefined)
        store.create(name, 'text' in value ? value.text : generateSecretString(value.generate), description);
    },
    stop: () => api.stop(),
  };
}
