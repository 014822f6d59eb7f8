import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  RestoreSecretCommand,
  type SecretListEntry,
  type SecretsManagerClient,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { faultOf, isAbsent } from '../../adapters/secret-faults.ts';
import { UnusableSecret } from '../../ports/secrets.ts';

/** The secrets of one environment: `<prefix>/sources/<key>` and `<prefix>/targets/<workflow>`. */
export type EnvironmentSecrets = { client: SecretsManagerClient; prefix: string };

/**
 * At most two values are active, newest first, so that an old one does not stay valid for ever
 * unnoticed.
 */
export const activeValuesMax = 2;

/** One active value, and when it was set; unknown if other means set it. */
export type SecretValue = { value: string; setAtMs?: number };

export type ListedSecret = {
  name: string;
  /**
   * One per active value, newest first; undefined when other means set them, since only reading
   * them would tell.
   */
  setAtMs?: (number | undefined)[];
  changedAtMs?: number;
  /** The day on which a value was last read, by a function or by this tool. */
  lastUsedOnMs?: number;
  /** It is scheduled for deletion on this day. Until it is restored nothing can use it. */
  deletedOnMs?: number;
};

const Stored = z.object({ values: z.array(z.string()) });

/*
 * The secret's description holds when each value was set, and the id of the version that it
 * describes. So a list needs no reads of values, which would count as uses. If other means set a
 * newer value, the version ids differ and show that the description is old. docs/decisions/0009.
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

/**
 * @returns undefined if this tool did not write the description, or other means have set a value
 * since
 */
function setTimes(text: string | undefined, currentVersion: string | undefined): SetTimes | undefined {
  if (!text?.startsWith(descriptionStart)) return undefined;
  const parsed = Description.safeParse(parseQuietly(text.slice(descriptionStart.length)));
  if (!parsed.success || parsed.data.version !== currentVersion) return undefined;
  return parsed.data.set_at.map((at) => (at === null ? undefined : Date.parse(at)));
}

/**
 * The active values of a secret, newest first; undefined when there is no such secret. A damaged
 * text, bytes or a secret without a current version count as a secret without values; nothing of them
 * shows in an error.
 * @throws UnusableSecret when it is scheduled for deletion, or may not be read or decrypted
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
      // Other means set it: the newest value is as old as its version.
      const at = setAtMs?.[i] ?? (i === 0 ? held.CreatedDate?.getTime() : undefined);
      return { value, ...(at !== undefined && { setAtMs: at }) };
    });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    const fault = faultOf(error);
    if (fault === 'no_current_version') return [];
    throw fault === 'store_unavailable' ? error : new UnusableSecret(name, fault, error);
  }
}

/** Whether a secret can be used: the number of its active values, 0 when it does not exist. */
export type SecretState = { values: number; deletedOnMs?: number };

/** It reads values only if the description does not say how many there are. */
export async function secretState(secrets: EnvironmentSecrets, name: string): Promise<SecretState> {
  const described = await describe(secrets, name);
  if (described === undefined) return { values: 0 };
  const { Description, VersionIdsToStages, DeletedDate } = described;
  const setAtMs = setTimes(Description, currentOf(VersionIdsToStages));
  if (DeletedDate !== undefined) return { values: setAtMs?.length ?? 0, deletedOnMs: DeletedDate.getTime() };
  return { values: setAtMs?.length ?? (await readSecret(secrets, name))?.length ?? 0 };
}

/** The day for which its deletion is scheduled; undefined when it is not, or there is no such secret. */
export async function deletionDay(secrets: EnvironmentSecrets, name: string): Promise<number | undefined> {
  return (await describe(secrets, name))?.DeletedDate?.getTime();
}

/** @returns undefined when there is no such secret */
async function describe({ client, prefix }: EnvironmentSecrets, name: string) {
  try {
    return await client.send(new DescribeSecretCommand({ SecretId: `${prefix}/${name}` }));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Takes back a scheduled deletion. Without one it changes nothing. */
export async function cancelDeletion({ client, prefix }: EnvironmentSecrets, name: string): Promise<void> {
  await client.send(new RestoreSecretCommand({ SecretId: `${prefix}/${name}` }));
}

function currentOf(stages: Record<string, string[]> | undefined): string | undefined {
  return Object.entries(stages ?? {}).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0];
}

/** Replaces the values, newest first. Of two writers at once the later one wins. */
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

/**
 * Every secret of the environment, by name, also those that are scheduled for deletion; values are
 * not read. On AWS the list may be five
 * minutes behind.
 */
export async function listSecrets({ client, prefix }: EnvironmentSecrets): Promise<ListedSecret[]> {
  const found: ListedSecret[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new ListSecretsCommand({
        Filters: [{ Key: 'name', Values: [`${prefix}/`] }],
        IncludePlannedDeletion: true,
        NextToken,
      }),
    );
    for (const secret of page.SecretList ?? []) {
      // The filter matches words, so a neighbour's secrets can come along.
      if (!secret.Name?.startsWith(`${prefix}/`)) continue;
      found.push(listedSecret(secret.Name.slice(prefix.length + 1), secret, secret.SecretVersionsToStages));
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

type Described = Pick<
  SecretListEntry,
  'Description' | 'LastChangedDate' | 'CreatedDate' | 'LastAccessedDate' | 'DeletedDate'
>;

function listedSecret(name: string, secret: Described, stages: Record<string, string[]> | undefined): ListedSecret {
  const setAtMs = setTimes(secret.Description, currentOf(stages));
  const changedAtMs = (secret.LastChangedDate ?? secret.CreatedDate)?.getTime();
  const lastUsedOnMs = secret.LastAccessedDate?.getTime();
  const deletedOnMs = secret.DeletedDate?.getTime();
  return {
    name,
    ...(setAtMs !== undefined && { setAtMs }),
    ...(changedAtMs !== undefined && { changedAtMs }),
    ...(lastUsedOnMs !== undefined && { lastUsedOnMs }),
    ...(deletedOnMs !== undefined && { deletedOnMs }),
  };
}

/**
 * One secret as it is now, which the list of AWS may not know for five minutes; values are not read.
 * @returns undefined when there is no such secret
 */
export async function describeSecret(secrets: EnvironmentSecrets, name: string): Promise<ListedSecret | undefined> {
  const described = await describe(secrets, name);
  return described && listedSecret(name, described, described.VersionIdsToStages);
}

function parseQuietly(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
