import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  type SecretsManagerClient,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';

/** The secrets of one environment: `<prefix>/sources/<key>` and `<prefix>/targets/<workflow>`. */
export type EnvironmentSecrets = { client: SecretsManagerClient; prefix: string };

/** At most two values are active, newest first, so that an old one does not stay valid for ever unnoticed. */
export const activeValuesMax = 2;

/** One active value, and when it was set; unknown for what was set by other means. */
export type SecretValue = { value: string; setAtMs?: number };

export type ListedSecret = {
  name: string;
  /** One per active value, newest first; undefined when they were set by other means: then only reading them would tell. */
  setAtMs?: (number | undefined)[];
  changedAtMs?: number;
  /** The day on which a value was last read, by a function or by this tool. */
  lastUsedOnMs?: number;
};

const Stored = z.object({ values: z.array(z.string()) });

/*
 * When each value was set is kept in the secret's description, beside the id of the version that it describes. So a list
 * shows it without reading values, which would count as a use; and a description that was left behind by a value set by
 * other means is known to be of another version. docs/decisions/0015.
 */
const Description = z.object({
  version: z.string(),
  set_at: z.array(z.iso.datetime().nullable()).max(activeValuesMax),
});
const descriptionStart = 'Set by npx signalbox. ';

function describeValues(version: string, values: { setAtMs?: number }[]): string {
  const set_at = values.map(({ setAtMs }) => (setAtMs === undefined ? null : new Date(setAtMs).toISOString()));
  return descriptionStart + JSON.stringify({ version, set_at } satisfies z.infer<typeof Description>);
}

type SetTimes = (number | undefined)[];

/** @returns undefined for what this tool did not describe, or described before somebody else set a value */
function setTimes(text: string | undefined, currentVersion: string | undefined): SetTimes | undefined {
  if (!text?.startsWith(descriptionStart)) return undefined;
  const parsed = Description.safeParse(parseQuietly(text.slice(descriptionStart.length)));
  if (!parsed.success || parsed.data.version !== currentVersion) return undefined;
  return parsed.data.set_at.map((at) => (at === null ? undefined : Date.parse(at)));
}

/**
 * The active values of a secret, newest first; undefined when there is no such secret. Damaged text is a secret with
 * nothing in it to keep; it never shows in an error.
 */
export async function readSecret(
  { client, prefix }: EnvironmentSecrets,
  name: string,
): Promise<SecretValue[] | undefined> {
  const SecretId = `${prefix}/${name}`;
  try {
    const [held, described] = await Promise.all([
      client.send(new GetSecretValueCommand({ SecretId })),
      client.send(new DescribeSecretCommand({ SecretId })),
    ]);
    const stored = Stored.safeParse(parseQuietly(held.SecretString));
    if (!stored.success) return [];
    const setAtMs = setTimes(described.Description, held.VersionId);
    return stored.data.values.map((value, i): SecretValue => {
      // Set by other means: the newest is as old as the version that holds it.
      const at = setAtMs?.[i] ?? (i === 0 ? held.CreatedDate?.getTime() : undefined);
      return { value, ...(at !== undefined && { setAtMs: at }) };
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** How many values are active; 0 when there is no such secret. Reads them only where their description does not say. */
export async function countValues(secrets: EnvironmentSecrets, name: string): Promise<number> {
  try {
    const SecretId = `${secrets.prefix}/${name}`;
    const { Description, VersionIdsToStages } = await secrets.client.send(new DescribeSecretCommand({ SecretId }));
    const setAtMs = setTimes(Description, currentOf(VersionIdsToStages));
    return setAtMs?.length ?? (await readSecret(secrets, name))?.length ?? 0;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return 0;
    throw error;
  }
}

function currentOf(stages: Record<string, string[]> | undefined): string | undefined {
  return Object.entries(stages ?? {}).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0];
}

/** Stores values, newest first, in place of what is there. Of two writers at once the later one wins. */
export async function writeSecret(
  { client, prefix }: EnvironmentSecrets,
  name: string,
  values: SecretValue[],
  { exists }: { exists: boolean },
): Promise<void> {
  const id = `${prefix}/${name}`;
  const ClientRequestToken = randomUUID();
  const content = {
    SecretString: JSON.stringify({ values: values.map(({ value }) => value) }),
    Description: describeValues(ClientRequestToken, values),
    ClientRequestToken,
  };
  if (exists) await client.send(new UpdateSecretCommand({ SecretId: id, ...content }));
  else await client.send(new CreateSecretCommand({ Name: id, ...content }));
}

/** Every secret of the environment, by name; values are not read. On AWS the list may be five minutes behind. */
export async function listSecrets({ client, prefix }: EnvironmentSecrets): Promise<ListedSecret[]> {
  const found: ListedSecret[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new ListSecretsCommand({ Filters: [{ Key: 'name', Values: [`${prefix}/`] }], NextToken }),
    );
    for (const secret of page.SecretList ?? []) {
      // The filter matches words, so a neighbour's secrets can come along.
      if (!secret.Name?.startsWith(`${prefix}/`)) continue;
      const setAtMs = setTimes(secret.Description, currentOf(secret.SecretVersionsToStages));
      const changedAtMs = (secret.LastChangedDate ?? secret.CreatedDate)?.getTime();
      const lastUsedOnMs = secret.LastAccessedDate?.getTime();
      found.push({
        name: secret.Name.slice(prefix.length + 1),
        ...(setAtMs !== undefined && { setAtMs }),
        ...(changedAtMs !== undefined && { changedAtMs }),
        ...(lastUsedOnMs !== undefined && { lastUsedOnMs }),
      });
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function parseQuietly(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
