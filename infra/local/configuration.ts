import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { ingestPath, ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { own } from '../../shared/core/json/values.ts';
import { placeOf } from '../../shared/operations/configuration/checkout.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import {
  problemText,
  readConfigurationFiles,
} from '../../shared/operations/configuration/files/configuration-files.ts';
import type { FileBases } from '../../shared/operations/configuration/files/file-bases.ts';
import { readSeen } from '../../shared/operations/configuration/live-content.ts';
import { baseOf } from '../../shared/operations/configuration/stale-files.ts';
import { currentAuthor } from '../author.ts';
import { environments } from '../environments.ts';
import { AwsJsonError, makeAwsJsonClient } from './aws-json-client.ts';
import type { LocalCredentials } from './credentials.ts';

/** The addresses of an environment's emulators, and its stack's outputs. */
export type LocalEnvironment = {
  name: string;
  region: string;
  endpoints: { dynamodb: string; sqs: string; secretsmanager: string; cloudwatch: string };
  /** The credentials that the emulators require. */
  credentials: LocalCredentials;
  outputs: Record<string, string>;
};

export type LocalConfiguration = {
  version: number;
  /** Whether the files had new content. */
  changed: boolean;
  sources: { key: string; ingestUrl: string }[];
};

const filesOfThisCheckout = fileURLToPath(new URL('../config', import.meta.url));

/**
 * Gives an environment its content before its first event. The lowest environment of the run gets
 * the files, as with `npx signalbox config push --commit`; unchanged content makes no new version.
 * A higher one gets them only the first time; then its content comes by promotion, as on AWS.
 * @param running the names of all environments of this run
 * @param bases where it is remembered that the files came from this commit. Absent: it is not
 * @throws Error that lists the files' problems
 */
export async function pushLocalConfiguration(
  environment: LocalEnvironment,
  running: readonly string[],
  directory = filesOfThisCheckout,
  bases?: FileBases,
): Promise<LocalConfiguration> {
  const { name, region, endpoints, credentials, outputs } = environment;
  const files = readConfigurationFiles(relative(process.cwd(), directory) || '.');
  const errors = files.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(`the configuration has errors:\n${errors.map(problemText).join('\n')}`);
  const client = makeDocumentClient({
    endpoint: endpoints.dynamodb,
    region,
    credentials,
  });
  try {
    const table = { client, table: outputs.ConfigurationTable as string };
    const takesFiles = name === lowestOf(running) || (await readSeen(table)).current.version === 0;
    const pushed = takesFiles
      ? await pushAndCommit(table, {
          snapshot: files.snapshot,
          seed: own(files.environments, name),
          author: currentAuthor(),
          message: 'npm start',
          nowMs: Date.now(),
        })
      : undefined;
    const { current, snapshot } = await readSeen(table);
    if (pushed !== undefined) {
      // Consoles and commands then see in this content what they know, and not a colleague's commit.
      const base = baseOf(pushed.id ?? current.head ?? '', files.snapshot, files.snapshot);
      bases?.write(files.directory, placeOf({ name, where: 'local' }), base);
    }
    const ingestKey = await readIngestKey(environment);
    const sources = Object.keys(snapshot.sources).map((key) => {
      const token = ingestToken(ingestKey, key, own(current.state.sources, key)?.url.generation ?? 1);
      return { key, ingestUrl: outputs.IngestUrl + ingestPath(key, token) };
    });
    return { version: current.version, changed: pushed?.changed ?? false, sources };
  } finally {
    client.destroy();
  }
}

/** In the order of promotion, whatever the order on the command line. */
function lowestOf(running: readonly string[]): string | undefined {
  return environments.find(({ name }) => running.includes(name))?.name ?? running[0];
}

async function readIngestKey({ endpoints, credentials, outputs }: LocalEnvironment): Promise<string> {
  const SecretId = `${outputs.SecretsPrefix}/ingest`;
  const client = makeAwsJsonClient(endpoints.secretsmanager, 'secretsmanager', credentials);
  try {
    const { SecretString } = await client.call<{ SecretString: string }>('GetSecretValue', { SecretId });
    return (JSON.parse(SecretString) as { current: string }).current;
  } catch (error) {
    if (!(error instanceof AwsJsonError)) throw error;
    throw new Error(`the stack made no ingest key (secret ${SecretId})`, { cause: error });
  } finally {
    client.close();
  }
}
