import type { EventTypeRow } from '../../../../shared/operations/sources/source-row.ts';
import { Text, visible } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { Go } from '../shell/go.tsx';

type EventTypesProps = {
  source: string;
  rows: EventTypeRow[];
  /** A mapping for a type that came and has none. */
  onSuggest(type: string): void;
};

export function EventTypes({ source, rows, onSuggest }: EventTypesProps) {
  return (
    <section className="part" aria-label="Event types">
      <h2>Event types</h2>
      {rows.length === 0 ? (
        <p className="quiet">
          None came, and none is mapped. <Go to={['sources', source, 'setup']}>Set its sender up</Go>, or send a sample.
        </p>
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col">Last seen</th>
              <th scope="col">Mapped by</th>
              <th scope="col" className="wide-only">
                Sample
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ type, last_seen_at, mappings, sample_event_id, near }) => (
              <tr key={type}>
                <td>
                  <Go to={['events']} search={{ source, type }}>
                    <Text>{type}</Text>
                  </Go>
                  {near !== null && (
                    <div className="warn">
                      is <Text>{near}</Text> meant?
                    </div>
                  )}
                </td>
                <td>{last_seen_at === null ? <span className="warn">never came</span> : <Ago iso={last_seen_at} />}</td>
                <td>
                  {mappings.length > 0 && <Text>{mappings.join(', ')}</Text>}
                  {mappings.length === 0 && <span className="quiet">nothing</span>}
                  {mappings.length === 0 && sample_event_id !== null && (
                    <button
                      type="button"
                      className="plain"
                      aria-label={`Suggest a mapping for ${visible(type)}`}
                      onClick={() => onSuggest(type)}
                    >
                      Suggest a mapping…
                    </button>
                  )}
                </td>
                <td className="wide-only">
                  {sample_event_id !== null && (
                    <Go to={['events', sample_event_id]} search={{ show: 'payload' }}>
                      payload
                    </Go>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
