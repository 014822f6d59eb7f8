import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queryOf, read } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
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
  const request = { of, search: queryOf(search), force, again: force } as const;
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
        const fixed = { ...request.search, since: data?.since, until: data?.until };
        const json = { ...request, search: fixed, ...(reason.trim() !== '' && { reason: reason.trim() }) };
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
        <div>
          <p>
            {plural(data.matching, 'event')} {data.matching === 1 ? 'matches' : 'match'}, from <Time iso={data.since} />{' '}
            to <Time iso={data.until} />.{isPart && ` The oldest ${count(data.looked_at)} were looked at:`}
          </p>
          <p>
            <strong>{count(data.would_replay)}</strong> would {force ? 'run as new events' : 'run what is missing'}.
          </p>
          {data.skipped.map(({ detail, count: times, example }) => (
            <p key={detail} className="quiet">
              {count(times)} would not: each <Text>{detail}</Text> (<Id>{example}</Id>)
            </p>
          ))}
          {data.sample.length > 0 && (
            <ul className="preview">
              {data.sample.map(({ event_id, detail }) => (
                <li key={event_id}>
                  <Id>{event_id}</Id> <Text>{detail}</Text>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </ChangeDialog>
  );
}
