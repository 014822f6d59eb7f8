import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { recordSecretChange, type SecretChange } from './secret-changes.ts';
import {
  activeValuesMax,
  cancelDeletion,
  deletionDay,
  type EnvironmentSecrets,
  readSecret,
  type SecretValue,
  secretState,
  writeSecret,
} from './secret-store.ts';

/**
 * Stored; functions read it within five minutes. `ended` counts values that this change
 * deactivated. `restored`: the secret was scheduled for deletion, and no longer is.
 */
export type SecretChanged = {
  kind: 'changed';
  values: Omit<SecretValue, 'value'>[];
  ended: number;
  restored: boolean;
  /** `inUseFromMs` of it is when all functions use the values. */
  changedAtMs: number;
};

/** `not_set`: the secret does not exist, so it cannot be rotated or retired. */
export type SecretRefused =
  | { kind: 'not_set' }
  /** The value is already active. */
  | { kind: 'same_value' }
  /** Two values are still active; a third would end the older one unnoticed. */
  | { kind: 'two_active'; values: Omit<SecretValue, 'value'>[] }
  /** Only one value is active. */
  | { kind: 'nothing_to_retire' }
  /** Nothing can read or change it until it is restored. */
  | { kind: 'scheduled_for_deletion'; deletedOnMs: number };

/** The secrets of an environment, and the table that keeps who changed them. */
export type RecordedSecrets = EnvironmentSecrets & { changes: ConfigurationTable };

type Request = { name: string; author: string; nowMs: number };

/**
 * A secret that is scheduled for deletion is restored first: who sets its value wants it.
 * @param also whether the newest existing value stays active beside the new one
 */
export async function setSecret(
  secrets: RecordedSecrets,
  { value, also, ...request }: Request & { value: string; also: boolean },
): Promise<SecretChanged> {
  const { name, nowMs } = request;
  const restored = (await deletionDay(secrets, name)) !== undefined;
  if (restored) await cancelDeletion(secrets, name);
  const before = await readSecret(secrets, name);
  const kept = also ? (before ?? []).filter((held) => held.value !== value) : [];
  const again = before?.find((held) => held.value === value);
  const values = [again ?? { value, setAtMs: nowMs }, ...kept];
  const change = kept.length > 0 ? 'added' : 'set';
  return { ...(await replace(secrets, request, before, values, change)), restored };
}

/** Adds the new value beside the one in use, which stays active until it is retired. */
export async function rotateSecret(
  secrets: RecordedSecrets,
  { value, evenIfTwo, ...request }: Request & { value: string; evenIfTwo: boolean },
): Promise<SecretChanged | SecretRefused> {
  const { name, nowMs } = request;
  const refusal = await refuseDeleted(secrets, name);
  if (refusal !== undefined) return refusal;
  const before = await readSecret(secrets, name);
  if (before === undefined || before.length === 0) return { kind: 'not_set' };
  if (before.some((held) => held.value === value)) return { kind: 'same_value' };
  if (before.length >= activeValuesMax && !evenIfTwo) return { kind: 'two_active', values: before.map(withoutValue) };
  return replace(secrets, request, before, [{ value, setAtMs: nowMs }, ...before], 'rotated');
}

/** Ends the older of two values: the sender or the target uses the newer. */
export async function retireSecret(secrets: RecordedSecrets, request: Request): Promise<SecretChanged | SecretRefused> {
  const { name } = request;
  const refusal = await refuseDeleted(secrets, name);
  if (refusal !== undefined) return refusal;
  const before = await readSecret(secrets, name);
  const [newest, ...older] = before ?? [];
  if (newest === undefined) return { kind: 'not_set' };
  if (older.length === 0) return { kind: 'nothing_to_retire' };
  return replace(secrets, request, before, [newest], 'retired');
}

export type SecretRestored =
  | { kind: 'restored'; values: number }
  /** It exists, and nothing deletes it. */
  | { kind: 'not_deleted' }
  | { kind: 'not_set' };

/** Takes back a scheduled deletion. The values are those from before. */
export async function restoreSecret(
  secrets: RecordedSecrets,
  { name, author, nowMs }: Request,
): Promise<SecretRestored> {
  const { values, deletedOnMs } = await secretState(secrets, name);
  if (deletedOnMs === undefined) return { kind: values > 0 ? 'not_deleted' : 'not_set' };
  await cancelDeletion(secrets, name);
  const now = await secretState(secrets, name);
  const change = { name, change: 'restored', values: now.values, author, atMs: nowMs } as const;
  await recordSecretChange(secrets.changes, change);
  return { kind: 'restored', values: now.values };
}

async function refuseDeleted(secrets: EnvironmentSecrets, name: string): Promise<SecretRefused | undefined> {
  const deletedOnMs = await deletionDay(secrets, name);
  return deletedOnMs === undefined ? undefined : { kind: 'scheduled_for_deletion', deletedOnMs };
}

async function replace(
  secrets: RecordedSecrets,
  { name, author, nowMs }: Request,
  before: SecretValue[] | undefined,
  wanted: SecretValue[],
  change: SecretChange['change'],
): Promise<SecretChanged> {
  const values = wanted.slice(0, activeValuesMax);
  await writeSecret(secrets, name, values, { exists: before !== undefined });
  await recordSecretChange(secrets.changes, { name, change, values: values.length, author, atMs: nowMs });
  const active = new Set(values.map(({ value }) => value));
  const ended = (before ?? []).filter(({ value }) => !active.has(value)).length;
  return { kind: 'changed', values: values.map(withoutValue), ended, restored: false, changedAtMs: nowMs };
}

function withoutValue({ value: _value, ...rest }: SecretValue): Omit<SecretValue, 'value'> {
  return rest;
}
