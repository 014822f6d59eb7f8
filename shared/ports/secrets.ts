import { RetryableError } from '../core/errors.ts';

/** Secrets are cached for about 5 minutes; their values never reach logs, errors or templates. */
export interface Secrets {
  /**
   * The active values of a secret, newest first; undefined when no such secret exists.
   * @throws UnusableSecret when the store gives no values and the cache is too old: values serve
   * for an hour, an absence for five minutes at most
   */
  valuesOf(name: string): Promise<string[] | undefined>;
  /**
   * Reads again before refusing a signature, at most once per 30 s and secret; else answers like
   * `valuesOf`.
   */
  refresh(name: string): Promise<string[] | undefined>;
}

/** All reasons why a secret that may exist gives no values: the closed list of logs and rows. */
const faults = {
  scheduled_for_deletion: 'is scheduled for deletion',
  no_current_version: 'has no current version: it was made without a value',
  access_denied: 'may not be read by these credentials',
  key_unusable: 'cannot be decrypted: its KMS key is disabled, deleted, or not allowed to these credentials',
  binary: 'holds bytes, not text',
  empty: 'holds no value',
  malformed: 'does not hold {"values": ["…"]} or {"current": "…"}',
  store_unavailable: 'cannot be read',
} as const;

export type SecretFault = keyof typeof faults;
export const secretFaults = Object.keys(faults) as SecretFault[];

/** What mends each fault. Absent: it passes by itself. */
const remedies: Partial<Record<SecretFault, (name: string) => string>> = {
  scheduled_for_deletion: (name) => `restore it: npx signalbox secrets restore ${name}`,
  no_current_version: setIt,
  binary: setIt,
  empty: setIt,
  malformed: setIt,
  access_denied: () => 'allow secretsmanager:GetSecretValue on it, in its own policy too',
  key_unusable: () => 'enable the key, or allow kms:Decrypt on it',
};

function setIt(name: string): string {
  // The stack makes the ingest key. A value set by hand would change every URL.
  return name === 'ingest' ? 'docs/ingest-key.md says what it must hold' : `npx signalbox secrets set ${name}`;
}

/**
 * A secret that gives no values. It is never the same as "there is no such secret": a source that
 * asks for proof once it has a secret must not go on without, because someone is deleting it.
 * Trying again helps once the fault is mended.
 */
export class UnusableSecret extends RetryableError {
  override name = 'UnusableSecret';
  override readonly reason: SecretFault;
  /** The message without its remedy. */
  readonly problem: string;
  /** What would be right; undefined when the fault passes by itself. */
  readonly remedy: string | undefined;

  constructor(name: string, reason: SecretFault, cause?: unknown) {
    const remedy = remedies[reason]?.(name);
    // Neither the value nor a part of it: this text is logged, and shown in rows.
    const text = `the secret "${name}" ${faults[reason]}`;
    super(remedy === undefined ? text : `${text}; ${remedy}`, { cause });
    this.reason = reason;
    this.problem = text;
    this.remedy = remedy;
  }
}
