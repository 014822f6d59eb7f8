import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { MatchingPreview } from '../bulk/preview.tsx';
import { queryOf, read } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { useToast } from '../parts/toast.tsx';
import { count, plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { type Search, useGo } from '../shell/go.tsx';
import { DiscardForm } from './form.tsx';

type DiscardMatchingProps = { of: 'events' | 'actions'; search: Search; onClose(): void };

/** Shows what a discard of all that a search finds would close, then begins it as a job. */
export function DiscardMatching({ of, search, onClose }: DiscardMatchingProps) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const go = useGo();
  const [reason, setReason] = useState('');
  const matching = { of, search: queryOf(search) };
  const { data, error } = useQuery({
    queryKey: [name, 'discard', 'matching', 'dry-run', matching],
    queryFn: () => read(api.discard.matching['dry-run'].$post({ json: { matching } as never })),
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const isNothing = data !== undefined && data.would_discard === 0 && data.looked_at === data.matching;
  return (
    <ChangeDialog
      title={data === undefined ? 'Discard all that match' : `Discard failures of ${plural(data.matching, 'event')}`}
      verb="Discard"
      disabled={data === undefined || isNothing || reason.trim() === ''}
      danger
      change={(confirmed) => {
        // What came in since the preview is not among them.
        const fixed = { ...matching.search, since: data?.since, until: data?.until };
        const json = { matching: { of, search: fixed }, reason };
        return read(api.discard.matching.$post({ json: json as never }, confirmed));
      }}
      onClose={onClose}
      onDone={(job) => {
        toast(`Discarding failures of ${plural(job.total, 'event')}`);
        onClose();
        go({ to: ['jobs'], search: { job: job.id } });
      }}
    >
      <DiscardForm reason={reason} setReason={setReason} />
      {error !== null && <ProblemView error={error} />}
      {data === undefined && error === null && <Loading />}
      {data !== undefined && (
        <MatchingPreview preview={data} noun="event with an open failure" nouns="events with an open failure">
          <strong>{count(data.would_discard)}</strong> would be closed.
        </MatchingPreview>
      )}
    </ChangeDialog>
  );
}
