import { failure, notFound, type Refusal, usageError } from '../refusal.ts';
import { iso } from '../words/iso.ts';
import { formatAgo } from '../words/times.ts';
import type { SecretRefused } from './change-secret.ts';
import type { UnknownSecret } from './secret-name.ts';

/** Why a secret cannot be found, in words. */
export function unknownSecret({ kind, name, known, meant }: UnknownSecret, environment: string): Refusal {
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  const there = `there are: ${known.join(', ') || 'none'}`;
  if (kind === 'malformed_secret')
    return usageError(
      `"${name}" can't be the name of a secret${hint}`,
      'it is sources/KEY, targets/WORKFLOW or notifier/CHANNEL, or the key of a source alone',
      there,
    );
  return notFound(`${environment} has nothing that takes a secret "${name}"${hint}`, there);
}

/** Why a secret was not changed, in words. */
export function refusedSecret(refusal: SecretRefused, name: string, environment: string, nowMs: number): Refusal {
  switch (refusal.kind) {
    case 'not_set':
      return notFound(`${name} is not set in ${environment}`, `set it: npx signalbox secrets set ${name}`);
    case 'same_value':
      return failure(`the value is active already in ${environment}: a new one was expected`, 'nothing was changed');
    case 'nothing_to_retire':
      return failure(`${name} has a single value in ${environment}: there is no older one to retire`);
    case 'scheduled_for_deletion':
      return failure(
        `${name} is scheduled for deletion on ${iso(refusal.deletedOnMs).slice(0, 10)} in ${environment}`,
        `restore it first: npx signalbox secrets restore ${name}`,
        `or set a new value, which restores it: npx signalbox secrets set ${name}`,
      );
    case 'two_active': {
      const ages = refusal.values.map(({ setAtMs }) => ageOf(setAtMs, nowMs)).join(' and ');
      return failure(
        `${name} has two active values in ${environment} (set ${ages}); one more would end the older`,
        `when it is no longer used: npx signalbox secrets rotate ${name} --retire`,
        'to end it now: --force',
      );
    }
  }
}

/** How long ago a value was set. */
export function ageOf(setAtMs: number | undefined, nowMs: number): string {
  return setAtMs === undefined ? 'at an unknown time' : formatAgo(setAtMs, nowMs);
}
