import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Matched } from '../../../../shared/operations/replay/matching-search.ts';
import { read } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Text } from '../parts/text.tsx';
import { useToast } from '../parts/toast.tsx';
import { plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { DiscardForm } from './form.tsx';

type DiscardChosenProps = {
  /** Events, or single actions of events. */
  chosen: Matched[];
  noun: 'event' | 'action';
  onDone(): void;
  onClose(): void;
};

/** Shows what a discard of chosen rows would close, and then does it. */
export function DiscardChosen({ chosen, noun, onDone, onClose }: DiscardChosenProps) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const [reason, setReason] = useState('');
  const { data, error } = useQuery({
    queryKey: [name, 'discard', 'dry-run', chosen],
    queryFn: () => read(api.discard.chosen['dry-run'].$post({ json: { chosen } })),
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const closes = data?.filter(({ outcome }) => outcome === 'would_discard').length ?? 0;
  return (
    <ChangeDialog
      title={`Discard ${plural(chosen.length, noun)}`}
      verb={`Discard ${closes === 0 ? '' : plural(closes, noun)}`}
      disabled={closes === 0 || reason.trim() === ''}
      danger
      change={(confirmed) => read(api.discard.chosen.$post({ json: { chosen, reason } }, confirmed))}
      onClose={onClose}
      onDone={(rows) => {
        const done = rows.filter(({ outcome }) => outcome === 'discarded').length;
        toast(`${plural(done, noun)} discarded; a replay takes it back`);
        onDone();
      }}
    >
      <DiscardForm reason={reason} setReason={setReason} />
      {error !== null && <ProblemView error={error} />}
      {data === undefined && error === null && <Loading />}
      {data !== undefined && (
        <ul className="preview">
          {data.slice(0, 100).map(({ id, outcome, detail }) => (
            <li key={id} className={outcome === 'would_discard' ? '' : 'quiet'}>
              <Id>{id}</Id> <Text>{detail}</Text>
            </li>
          ))}
        </ul>
      )}
    </ChangeDialog>
  );
}
