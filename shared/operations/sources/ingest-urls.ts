import { makeSecrets } from '../../adapters/secrets-manager-secrets.ts';
import type { SourceState } from '../../core/configuration/schema.ts';
import { ingestPath, ingestToken } from '../../core/ingest/ingest-token.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';

/** The environment's secrets, as its functions read them. */
export async function secretsOf(environment: Environment): Promise<Secrets> {
  return makeSecrets({ client: await environment.secrets(), prefix: environment.outputs.SecretsPrefix });
}

/** Makes the URLs of an environment's sources, with one read of the secret. */
export async function ingestUrls(
  environment: Environment,
  secrets: Secrets,
): Promise<(source: string, url: SourceState['url']) => string> {
  const [key] = (await secrets.valuesOf('ingest')) ?? [];
  if (key === undefined)
    throw failure(
      `secret ${environment.outputs.SecretsPrefix}/ingest, from which every URL is made, is missing`,
      'deploy the stack again: it makes the secret',
    );
  const base = environment.outputs.IngestUrl.replace(/\/$/, '');
  return (source, { generation }) => base + ingestPath(source, ingestToken(key, source, generation));
}
