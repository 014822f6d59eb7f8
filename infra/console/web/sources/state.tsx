import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { Status } from '../parts/status.tsx';
import { plural } from '../parts/words.ts';

export function SourceState({ row: { kind, enabled, paused } }: { row: SourceWithoutUrl }) {
  if (kind === null) return <Status tone="quiet">removed</Status>;
  if (!enabled) return <Status tone="warn">off</Status>;
  return paused === null ? <Status tone="good">on</Status> : <Status tone="warn">paused</Status>;
}

const enforcements = { on: 'enforced', off: 'not enforced', once_set: 'enforced once a secret is set' } as const;

/** How requests are checked, and whether the secret for it is there. */
export function Verification({ row: { verification } }: { row: SourceWithoutUrl }) {
  const { enforcement, secrets, secret_deleted_on } = verification;
  if (secret_deleted_on !== null) return <span className="bad">secret will be deleted on {secret_deleted_on}</span>;
  const isLacking = secrets === 0 && enforcement === 'on';
  return (
    <span className={isLacking ? 'bad' : secrets === 0 ? 'warn' : ''}>
      {enforcements[enforcement]}, {secrets === 0 ? 'no secret is set' : plural(secrets, 'secret')}
    </span>
  );
}
