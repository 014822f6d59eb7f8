import { useState } from 'react';
import type { ListedEvent } from '../../../../shared/operations/events/listed-event.ts';
import type { RefusalRow } from '../../../../shared/operations/refusals/refusals.ts';
import { pathPart } from '../addresses.ts';
import { apiPath } from '../client.ts';
import { useLive } from '../parts/live.ts';
import { Status } from '../parts/status.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { plural } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';

type Refused = RefusalRow & { means: string; change?: string };
type Item = { rows: ListedEvent[] } | { refusals: Refused[] };

const eventsMax = 5;

type ArrivalsProps = {
  source: string;
  /** Of the row of the source: it may be older than what is followed. */
  lastEventAt: string | null;
  /** The button that sends a sample. */
  send: React.ReactNode;
};

/** Waits for events of a source, and shows each the moment it arrives, and what was refused and why. */
export function Arrivals({ source, lastEventAt, send }: ArrivalsProps) {
  const { name } = useEnvironment();
  const [events, setEvents] = useState<ListedEvent[]>([]);
  const [refusals, setRefusals] = useState<Refused[]>([]);
  const live = useLive<Item>(
    `${apiPath(name)}/source/${pathPart(source)}/arrivals`,
    (item) => {
      if ('refusals' in item) return setRefusals(item.refusals);
      // Oldest first; one that is seen again has another status now.
      setEvents((before) => {
        const ids = new Set(item.rows.map(({ id }) => id));
        return [...item.rows.toReversed(), ...before.filter(({ id }) => !ids.has(id))].slice(0, eventsMax);
      });
    },
    // It begins anew with the last hour.
    () => undefined,
  );
  const [newest] = events;
  return (
    <section className="arrivals" aria-label="What arrives" aria-live="polite">
      <h2>
        {newest !== undefined ? 'It arrives' : 'Waiting for the first event'}
        <span
          className={`live ${live.kind === 'live' ? 'on' : live.kind === 'behind' || live.kind === 'lost' ? 'behind' : ''}`}
        >
          {live.kind === 'live'
            ? 'live'
            : live.kind === 'behind'
              ? live.text
              : live.kind === 'lost'
                ? 'connecting again'
                : 'connecting'}
        </span>
      </h2>
      {newest === undefined && (
        <div className="waits">
          <span className="pulse" aria-hidden="true" />
          <p>
            {lastEventAt === null ? (
              'None has come yet. The first one is shown here the moment it arrives.'
            ) : (
              <>
                None came in the last hour; the last one came <Ago iso={lastEventAt} />. The next one is shown here the
                moment it arrives.
              </>
            )}
          </p>
        </div>
      )}
      {events.length > 0 && (
        <ul className="arrived">
          {events.map((event, i) => (
            <li key={event.id} className={i === 0 ? 'newest' : undefined}>
              <div className="line">
                <Go to={['events', event.id]}>
                  <Text>{event.type ?? 'of no type'}</Text>
                </Go>
                <Status>{event.status}</Status>
                <Ago iso={event.received_at} />
              </div>
              {event.reason !== null && (
                <div className="quiet">
                  {event.reason.replaceAll('_', ' ')}
                  {event.detail !== null && (
                    <>
                      : <Text>{event.detail}</Text>
                    </>
                  )}
                </div>
              )}
              {i === 0 && (
                <Go to={['events', event.id]} className="see">
                  {event.status === 'no_mapping' ? 'See what it holds' : 'See what its mappings did, and why'}
                </Go>
              )}
            </li>
          ))}
        </ul>
      )}
      {refusals.length > 0 && <RefusedRequests rows={refusals} />}
      <div className="line">{send}</div>
    </section>
  );
}

function RefusedRequests({ rows }: { rows: Refused[] }) {
  return (
    <>
      <h3>Refused in the last hour</h3>
      <ul className="arrived">
        {rows.map(({ source, outcome, reason, count, last_at, means, change, example }) => (
          <li key={`${source} ${reason}`} className={source === 'unknown' ? 'quiet' : undefined}>
            <div className="line">
              <strong className={source === 'unknown' ? '' : 'bad'}>{reason.replaceAll('_', ' ')}</strong>
              <span className="quiet">
                {plural(count, 'request')} answered {outcome === 'refused' ? '4xx' : '503'}, <Ago iso={last_at} />
              </span>
            </div>
            <div>
              {means} {change}
            </div>
            {example !== null && (
              <div className="quiet">
                Request <Text>{example.request_id}</Text>
              </div>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
