import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';

const Version = z.object({ id: z.string(), text: z.string(), createdAtMs: z.number() });

const Secret = z.object({
  name: z.string(),
  arn: z.string(),
  description: z.string().optional(),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
  /** When a value was last read, to the day, like Secrets Manager. */
  accessedOnMs: z.number().optional(),
  current: Version,
  /** The value before `current`; labelled AWSPREVIOUS. */
  previous: Version.optional(),
  /** When the secret will be deleted; until then it can be restored. */
  deletedAtMs: z.number().optional(),
});
export type Secret = z.infer<typeof Secret>;

/**
 * The secrets of this machine's environments, in a file that only its owner can read, or in memory.
 */
export type SecretStore = {
  /** By name or ARN. */
  get(id: string): Secret | undefined;
  list(): Secret[];
  /** @param versionId of the new value; made here when absent */
  create(name: string, text: string, description?: string, versionId?: string): Secret;
  /** Makes `text` the current version and the current one the previous. */
  put(
    secret: Secret,
    change: { text?: string | undefined; description?: string | undefined; versionId?: string | undefined },
  ): Secret;
  /** Records that a value was read. */
  access(secret: Secret): void;
  /** At `atMs` the secret is gone; until then it can be restored. */
  scheduleDeletion(secret: Secret, atMs: number): Secret;
  restore(secret: Secret): void;
  /** Deletes it at once, for good. */
  remove(secret: Secret): void;
};

const dayMs = 86_400_000;

/** @param file absent: secrets end with the process */
export function openSecretStore(file: string | undefined, arnPrefix: string): SecretStore {
  const secrets = new Map<string, Secret>();
  if (file !== undefined && existsSync(file)) {
    for (const secret of z.array(Secret).parse(JSON.parse(readFileSync(file, 'utf8'))))
      secrets.set(secret.name, secret);
  }
  const save = (secret: Secret): Secret => {
    secrets.set(secret.name, secret);
    write();
    return secret;
  };
  const remove = (secret: Secret): void => {
    secrets.delete(secret.name);
    write();
  };
  /** Without those whose time to be restored is over. */
  const kept = (): Secret[] => {
    for (const secret of secrets.values())
      if (secret.deletedAtMs !== undefined && secret.deletedAtMs <= Date.now()) remove(secret);
    return [...secrets.values()];
  };
  function write(): void {
    if (file !== undefined) {
      // Written beside the old file and renamed, so that a kill leaves the old file or the new one.
      writeFileSync(`${file}.new`, JSON.stringify([...secrets.values()], undefined, 2), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
  }
  const version = (text: string, id: string = randomUUID()) => ({ id, text, createdAtMs: Date.now() });
  return {
    get: (id) => kept().find(({ arn, name }) => id === name || id === arn || id === arnPrefix + name),
    list: kept,
    create(name, text, description, versionId) {
      const nowMs = Date.now();
      // Secrets Manager ends every ARN with six random characters, so that a deleted secret's ARN
      // never returns.
      const arn = `${arnPrefix}${name}-${randomBytes(3).toString('hex')}`;
      const secret = { name, arn, createdAtMs: nowMs, changedAtMs: nowMs, current: version(text, versionId) };
      return save(description === undefined ? secret : { ...secret, description });
    },
    put(secret, { text, description, versionId }) {
      return save({
        ...secret,
        changedAtMs: Date.now(),
        ...(description !== undefined && { description }),
        ...(text !== undefined && { current: version(text, versionId), previous: secret.current }),
      });
    },
    access(secret) {
      const accessedOnMs = Date.now() - (Date.now() % dayMs);
      if (secret.accessedOnMs !== accessedOnMs) save({ ...secret, accessedOnMs });
    },
    scheduleDeletion: (secret, deletedAtMs) => save({ ...secret, deletedAtMs }),
    restore: ({ deletedAtMs: _deletedAtMs, ...secret }) => void save(secret),
    remove,
  };
}
