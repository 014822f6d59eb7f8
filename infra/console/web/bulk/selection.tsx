import type { Matched } from '../../../../shared/operations/replay/matching-search.ts';
import { plural } from '../parts/words.ts';
import type { Search } from '../shell/go.tsx';
import type { Bulk } from './dialog.tsx';

/** What a request names at most; all that match are any number. */
const chosenMax = 1_000;

type SelectionBarProps = {
  noun: 'event' | 'action';
  chosen: Matched[];
  /** The rows that are listed, of which all may be selected: then all that match are offered, too. */
  search: Search;
  isAll: boolean;
  onAsk(bulk: Bulk): void;
  onNone(): void;
};

/** Below a table of which rows are selected: what can be done with them. */
export function SelectionBar({ noun, chosen, search, isAll, onAsk, onNone }: SelectionBarProps) {
  if (chosen.length === 0) return null;
  const isTooMany = chosen.length > chosenMax;
  return (
    <section className="selection" aria-label="Selected rows">
      <strong>{plural(chosen.length, noun)} selected</strong>
      {isTooMany ? (
        <span className="quiet">at most 1,000 at once, or all that match</span>
      ) : (
        <>
          <button type="button" className="button primary" onClick={() => onAsk({ what: 'replay', chosen, noun })}>
            Replay…
          </button>
          <button type="button" className="button" onClick={() => onAsk({ what: 'discard', chosen, noun })}>
            Discard…
          </button>
        </>
      )}
      {isAll &&
        (['replay', 'discard'] as const).map((what) => (
          <button key={what} type="button" className="button" onClick={() => onAsk({ what, of: `${noun}s`, search })}>
            {what === 'replay' ? 'Replay' : 'Discard'} all that match…
          </button>
        ))}
      <button type="button" className="plain" onClick={onNone}>
        Select none
      </button>
    </section>
  );
}
