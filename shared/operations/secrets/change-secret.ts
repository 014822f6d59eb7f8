import { activeValuesMax, type EnvironmentSecrets, readSecret, type SecretValue, writeSecret } from './secret-store.ts';

/**
 * Stored; functions read it within five minutes. `ended` counts values that this change
 * deactivated.
 */
export type SecretChanged = { kind: 'changed'; values: Omit<SecretValue, 'value'>[]; ended: number };

/** `not_set`: the secret does not exist, so it cannot be rotated or retired. */
export type SecretRefused =
  | { kind: 'not_set' }
  /** The value is already active. */
  | { kind: 'same_value' }
  /** Two values are still active; a third would end the older one unnoticed. */
  | { kind: 'two_active'; values: Omit<SecretValue, 'value'>[] }
  /** Only one value is active. */
  | { kind: 'nothing_to_retire' };

type Request = { name: string; nowMs: number };

/** @param also whether the newest existing value stays active beside the new one */
export async function setSecret(
  secrets: EnvironmentSecrets,
  { name, value, also, nowMs }: Request & { value: string; also: boolean },
): Promise<SecretChanged> {
  const before = await readSecret(secrets, name);
  const kept = also ? (before ?? []).filter((held) => held.value !== value) : [];
  const again = before?.find((held) => held.value === value);
  return replace(secrets, name, before, [again ?? { value, setAtMs: nowMs }, ...kept]);
}

/** Adds the new value beside the one in use, which stays active until it is retired. */
export async function rotateSecret(
  secrets: EnvironmentSecrets,
  { name, value, evenIfTwo, nowMs }: Request & { value: string; evenIfTwo: boolean },
): Promise<SecretChanged | SecretRefused> {
  const before = await readSecret(secrets, name);
  if (before === undefined || before.length === 0) return { kind: 'not_set' };
  if (before.some((held) => held.value === value)) return { kind: 'same_value' };
  if (before.length >= activeValuesMax && !evenIfTwo) return { kind: 'two_active', values: before.map(withoutValue) };
  return replace(secrets, name, before, [{ value, setAtMs: nowMs }, ...before]);
}

/** Ends the older of two values: the sender or the target uses the newer. */
export async function retireSecret(
  secrets: EnvironmentSecrets,
  { name }: Pick<Request, 'name'>,
): Promise<SecretChanged | SecretRefused> {
  const before = await readSecret(secrets, name);
  const [newest, ...older] = before ?? [];
  if (newest === undefined) return { kind: 'not_set' };
  if (older.length === 0) return { kind: 'nothing_to_retire' };
  return replace(secrets, name, before, [newest]);
}

async function replace(
  secrets: EnvironmentSecrets,
  name: string,
  before: SecretValue[] | undefined,
  wanted: SecretValue[],
): Promise<SecretChanged> {
  const values = wanted.slice(0, activeValuesMax);
  await writeSecret(secrets, name, values, { exists: before !== undefined });
  const active = new Set(values.map(({ value }) => value));
  const ended = (before ?? []).filter(({ value }) => !active.has(value)).length;
  return { kind: 'changed', values: values.map(withoutValue), ended };
}

function withoutValue({ value: _value, ...rest }: SecretValue): Omit<SecretValue, 'value'> {
  return rest;
}
