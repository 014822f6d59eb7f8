import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { read } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Text } from '../parts/text.tsx';
import { useToast } from '../parts/toast.tsx';
import { plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { ReplayForm } from './form.tsx';

type ReplayChosenProps = { ids: string[]; onDone(): void; onClose(): void };

/** Shows what a replay of events would do, and then does it. */
export function ReplayChosen({ ids, onDone, onClose }: ReplayChosenProps) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const [force, setForce] = useState(false);
  const [reason, setReason] = useState('');
  const request = { ids, force, again: force };
  const { data, error } = useQuery({
    queryKey: [name, 'replay', 'dry-run', request],
    queryFn: () => read(api.replay.chosen['dry-run'].$post({ json: request })),
    gcTime: 0,
  });
  const runs = data?.filter(({ outcome }) => outcome === 'would_replay').length ?? 0;
  return (
    <ChangeDialog
      title={`Replay ${plural(ids.length, 'event')}`}
      verb={`Replay ${runs === 0 ? '' : plural(runs, 'event')}`}
      disabled={runs === 0}
      danger={force}
      change={(confirmed) =>
        read(
          api.replay.chosen.$post(
            { json: { ...request, ...(reason.trim() !== '' && { reason: reason.trim() }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={(rows) => {
        const failed = rows.filter(({ outcome }) => outcome === 'failed').length;
        const done = rows.filter(({ outcome }) => outcome === 'replayed').length;
        if (failed > 0) toast(`${plural(failed, 'event')} could not be sent; ${done} were replayed`, 'bad');
        else toast(`${plural(done, 'event')} replayed`);
        onDone();
      }}
    >
      <ReplayForm force={force} setForce={setForce} reason={reason} setReason={setReason} />
      {error !== null && <ProblemView error={error} />}
      {data === undefined && error === null && <Loading />}
      {data !== undefined && (
        <ul className="preview">
          {data.slice(0, 100).map(({ id, outcome, detail }) => (
            <li key={id} className={outcome === 'would_replay' ? '' : 'quiet'}>
              <Id>{id}</Id> <Text>{detail}</Text>
            </li>
          ))}
        </ul>
      )}
    </ChangeDialog>
  );
}
