import type { SaidMappingRow, TriedEvent } from '../../../../shared/operations/mappings/editor/try-text.ts';
import { Conditions, Value } from '../events/mapping.tsx';
import { Status } from '../parts/status.tsx';
import { Text } from '../parts/text.tsx';
import { count } from '../parts/words.ts';

/** What would become of the event by the text, beside what becomes of it now. */
export function Result({ test, mapping }: { test: TriedEvent; mapping: string | undefined }) {
  const { draft, live, changes } = test;
  const row = draft.mappings.find((one) => one.mapping === mapping);
  const before = live.mappings.find((one) => one.mapping === mapping);
  const others = draft.mappings.filter((one) => one !== row);
  return (
    <>
      {draft.status === 'rejected' && (
        <p className="bad">
          The event would be rejected: <Text>{draft.detail ?? draft.reason ?? ''}</Text>
        </p>
      )}
      {row === undefined ? (
        mapping !== undefined &&
        draft.status !== 'rejected' && (
          <p className="warn">
            <Text>{mapping}</Text> is not for this event, which is of type <Text>{draft.type ?? 'none'}</Text>. Choose
            another event.
          </p>
        )
      ) : (
        <section aria-label="Verdict">
          <Verdict row={row} />
          {before !== undefined && before.said !== row.said && (
            <p className="quiet">
              live: <Text>{before.said}</Text>
            </p>
          )}
          {row.outcome?.errors.map(({ field, message }) => (
            <p key={`${field} ${message}`} className="bad">
              <Text>{`${field} ${message}`}</Text>
            </p>
          ))}
          <Conditions rows={row.conditions} />
          <Resolved rows={row.parameters} />
        </section>
      )}
      <section aria-label="Changes for this event">
        <h3>{changes.length === 0 ? 'Nothing changes for this event' : 'For this event'}</h3>
        <ul className="plain-list">
          {changes.map(({ said }) => (
            <li key={said}>
              <Text>{said}</Text>
            </li>
          ))}
        </ul>
      </section>
      {others.length > 0 && (
        <section aria-label="Other mappings">
          <h3>Other mappings for it</h3>
          <ul className="plain-list">
            {others.map((other) => (
              <li key={other.mapping}>
                <Verdict row={other} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <p className="quiet">
        Live is version {count(test.config_version)}. Whether the event is a copy, and what tables and targets answer,
        is not known here.
      </p>
    </>
  );
}

function Verdict({ row }: { row: SaidMappingRow }) {
  const runs = row.verdict === 'runs' && (row.outcome === null || row.outcome.status === 'runs');
  const tone = runs ? 'good' : row.outcome?.status === 'failed' ? 'bad' : 'warn';
  return (
    <p className="verdict">
      <Status tone={tone}>{runs ? 'runs' : 'does not run'}</Status>{' '}
      <strong>
        <Text>{row.mapping}</Text>
      </strong>{' '}
      <span className="quiet">
        <Text>{row.action}</Text>
      </span>
      {!runs && (
        <span className="said">
          <Text>{row.said}</Text>
        </span>
      )}
    </p>
  );
}

/** Each parameter with its value: one below the other, since there is little room. */
function Resolved({ rows }: { rows: SaidMappingRow['parameters'] }) {
  return (
    <dl className="resolved" aria-label="Parameters">
      {rows.map(({ name, from, value, is_default }) => (
        <div key={name}>
          <dt>
            <Text>{name}</Text>
            <span className="quiet">
              ← <Text>{is_default ? 'by default' : typeof from === 'string' ? from : JSON.stringify(from)}</Text>
            </span>
          </dt>
          <dd>{value === null ? <span className="warn">nothing there</span> : <Value value={value} />}</dd>
        </div>
      ))}
    </dl>
  );
}
