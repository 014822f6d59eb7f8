import type { Matched } from '../../../../shared/operations/replay/matching-search.ts';
import { DiscardChosen } from '../discard/chosen.tsx';
import { DiscardMatching } from '../discard/matching.tsx';
import { ReplayChosen } from '../replay/chosen.tsx';
import { ReplayMatching } from '../replay/matching.tsx';
import type { Search } from '../shell/go.tsx';

/** What a person asked to do with rows: with those that were chosen, or with all that a search finds. */
export type Bulk = { what: 'replay' | 'discard' } & (
  | { chosen: Matched[]; noun: 'event' | 'action' }
  | { of: 'events' | 'actions'; search: Search }
);

type BulkDialogProps = { bulk: Bulk | undefined; onClose(): void; onDone(): void };

/** Its dialog; none while nothing was asked. `onDone` is called for chosen rows, once they are done. */
export function BulkDialog({ bulk, onClose, onDone }: BulkDialogProps) {
  if (bulk === undefined) return null;
  if ('of' in bulk) {
    const Matching = bulk.what === 'replay' ? ReplayMatching : DiscardMatching;
    return <Matching of={bulk.of} search={bulk.search} onClose={onClose} />;
  }
  const { what, chosen, noun } = bulk;
  if (what === 'discard') return <DiscardChosen chosen={chosen} noun={noun} onClose={onClose} onDone={onDone} />;
  const ids = [...new Set(chosen.map(({ event }) => event))];
  return <ReplayChosen ids={ids} onClose={onClose} onDone={onDone} />;
}
