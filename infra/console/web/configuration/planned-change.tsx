import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { DifferenceRow } from '../../../../shared/operations/configuration/history.ts';
import { ProblemError } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { ChangeDialog, type Confirmed } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Differences } from './differences.tsx';
import { type FileProblem, FileProblems, isAllowed, Objections, type ShownObjection } from './objections.tsx';

/** What a change would do, as the routes' dry runs tell it. */
export type Planned = {
  kind: 'planned';
  version: number;
  /** Names what is shown: the change is made only while it would do exactly that. */
  seen: string;
  changes: DifferenceRow[];
  objections: ShownObjection[];
  /** What the history would say, unless the person says something else. */
  message?: string;
  /** Of a promotion: what comes along. */
  commits?: { id: string; message: string; author: string; created_at: string }[];
};
type FilesWithErrors = { kind: 'files_with_errors'; problems: FileProblem[] };
/** What was carried out. `id`: null when there was nothing to change. */
export type Done = { kind: 'committed' | 'reverted' | 'promoted'; version: number; id: string | null };

type PlannedChangeProps = {
  title: string;
  verb: string;
  /** Names of the two sides of what changes. */
  from: string;
  to: string;
  /** Tells this plan from others. */
  of: readonly unknown[];
  plan(): Promise<Planned | FilesWithErrors>;
  /** `allowed`: the kinds of objections that the person overrules. */
  change(
    asked: { message: string; allowed: string[]; seen: string },
    confirmed: Confirmed,
  ): Promise<Done | { kind: 'refused' | 'changed_meanwhile' } | FilesWithErrors>;
  /** Absent: what the plan says. */
  message?: string | undefined;
  /** Said when nothing would change. */
  nothing(plan: Planned): string;
  /** More about the plan, above what changes. */
  about?(plan: Planned): React.ReactNode;
  onDone(done: Done): void;
  onClose(): void;
};

/**
 * Asks before a configuration is changed: what would change field by field, what stands against it
 * with a box for each, and what it is for. What is confirmed is planned anew by the server.
 */
export function PlannedChange({
  title,
  verb,
  from,
  to,
  of,
  plan,
  change,
  message: first,
  nothing,
  about,
  onDone,
  onClose,
}: PlannedChangeProps) {
  const { name } = useEnvironment();
  const queries = useQueryClient();
  const field = useId();
  const [typed, setTyped] = useState(first);
  const [allowed, setAllowed] = useState<ReadonlySet<string>>(new Set());
  const queryKey = [name, 'configuration', 'plan', ...of];
  const { data, error } = useQuery({ queryKey, queryFn: plan, gcTime: 0, staleTime: 0, refetchOnWindowFocus: false });
  const planned = data?.kind === 'planned' ? data : undefined;
  const message = typed ?? planned?.message ?? '';
  const isNothing = planned === undefined || planned.changes.length === 0;
  return (
    <ChangeDialog
      title={title}
      verb={verb}
      wide
      danger={allowed.size > 0}
      disabled={isNothing || !isAllowed(planned.objections, allowed) || message.trim() === ''}
      change={async (confirmed) => {
        const result = await change({ message, allowed: [...allowed], seen: planned?.seen ?? '' }, confirmed);
        if ('version' in result) return result;
        await queries.invalidateQueries({ queryKey });
        throw new ProblemError({
          code: 'failed',
          title: 'Nothing was changed: something is not as it was when this was opened',
          lines: [],
          remedies: ['look again at what it would do now, above'],
        });
      }}
      onClose={onClose}
      onDone={onDone}
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data?.kind === 'files_with_errors' && <FileProblems problems={data.problems} />}
      {planned !== undefined && isNothing && <p>{nothing(planned)}</p>}
      {planned !== undefined && !isNothing && (
        <>
          {about?.(planned)}
          <div className="planned">
            <Differences changes={planned.changes} from={from} to={to} />
          </div>
          <Objections objections={planned.objections} allowed={allowed} onAllow={setAllowed} />
          <div className="field">
            <label htmlFor={field}>What the change is for</label>
            <input
              id={field}
              value={message}
              maxLength={1_000}
              autoComplete="off"
              // biome-ignore lint/a11y/noAutofocus: it comes after the dialog is open, and is what a person does next
              autoFocus
              onChange={({ target }) => setTyped(target.value)}
            />
          </div>
        </>
      )}
    </ChangeDialog>
  );
}
