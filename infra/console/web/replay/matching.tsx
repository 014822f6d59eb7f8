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
import { ReplayForm } from './form.tsx';

type ReplayMatchingProps = { of: 'events' | 'actions'; search: Search; onClose(): void };

/** Shows what a replay of all events of a search would do, then begins it as a job. */
export function ReplayMatching({ of, search, onClose }: ReplayMatchingProps) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const go = useGo();
  const [force, setForce] = useState(false);
  const [reason, setReason] = useState('');
  const matching = { of, search: queryOf(search) };
  const request = { matching, force, again: force };
  const { data, error } = useQuery({
    queryKey: [name, 'replay', 'matching', 'dry-run', request],
    queryFn: () => read(api.replay.matching['dry-run'].$post({ json: request as never })),
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const isPart = data !== undefined && data.looked_at < data.matching;
  const nothing = data !== undefined && data.would_replay === 0 && !isPart;
  return (
    <ChangeDialog
      title={data === undefined ? 'Replay all that match' : `Replay ${plural(data.matching, 'event')}`}
      verb="Replay"
      disabled={data === undefined || nothing}
      danger={force}
      change={(confirmed) => {
        // What came in since the preview is not among them.
        const fixed = { of, search: { ...matching.search, since: data?.since, until: data?.until } };
        const json = { ...request, matching: fixed, ...(reason.trim() !== '' && { reason: reason.trim() }) };
        return read(api.replay.matching.$post({ json: json as never }, confirmed));
      }}
      onClose={onClose}
      onDone={(job) => {
        toast(`Replaying ${plural(job.total, 'event')}`);
        onClose();
        go({ to: ['jobs'], search: { job: job.id } });
      }}
    >
      <ReplayForm force={force} setForce={setForce} reason={reason} setReason={setReason} />
      {error !== null && <ProblemView error={error} />}
      {data === undefined && error === null && <Loading />}
      {data !== undefined && (
        <MatchingPreview preview={data} noun="event">
          <strong>{count(data.would_replay)}</strong> would {force ? 'run as new events' : 'run what is missing'}.
        </MatchingPreview>
      )}
    </ChangeDialog>
  );
}
