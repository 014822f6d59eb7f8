import { useId, useState } from 'react';
import { Text, visible } from '../parts/text.tsx';
import { stampOf, useZone } from '../parts/time.tsx';
import { Go } from '../shell/go.tsx';

export type EventRow = { id: string; received_at: string; user_id: string | null };

type EventChoiceProps = {
  rows: readonly EventRow[];
  chosen: string | undefined;
  type: string;
  onChoose(id: string): void;
};

/** The event that the text is tried with: one of the last of its type, or any other by its id. */
export function EventChoice({ rows, chosen, type, onChoose }: EventChoiceProps) {
  const { zone } = useZone();
  const [pasted, setPasted] = useState('');
  const field = useId();
  const isOther = chosen !== undefined && !rows.some(({ id }) => id === chosen);
  return (
    <div className="event-choice">
      {rows.length === 0 && chosen === undefined ? (
        <p className="quiet">
          No event of <Text>{type === '' ? 'this type' : type}</Text> came yet; this is a sample of it.
        </p>
      ) : (
        <select
          className="filter"
          aria-label="Event"
          value={chosen ?? ''}
          onChange={({ target }) => onChoose(target.value)}
        >
          {isOther && <option value={chosen}>{visible(chosen)}</option>}
          {rows.map(({ id, received_at, user_id }) => {
            const { day, time } = stampOf(Date.parse(received_at), zone);
            return (
              <option key={id} value={id}>
                {`${day.slice(5)} ${time}${user_id === null ? '' : ` · ${visible(user_id.slice(0, 40))}`}`}
              </option>
            );
          })}
        </select>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (pasted.trim() !== '') onChoose(pasted.trim());
          setPasted('');
        }}
      >
        <label className="visually-hidden" htmlFor={field}>
          Another event by its id
        </label>
        <input
          id={field}
          className="filter"
          placeholder="or an id, then Enter"
          value={pasted}
          spellCheck={false}
          autoComplete="off"
          onChange={({ target }) => setPasted(target.value)}
        />
      </form>
      {chosen !== undefined && <Go to={['events', chosen]}>Its story</Go>}
    </div>
  );
}
