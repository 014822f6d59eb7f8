import { useQuery } from '@tanstack/react-query';
import type { ListedEvent } from '../../../../shared/operations/events/listed-event.ts';
import type { RunRow } from '../../../../shared/operations/runs/run-row.ts';
import { read } from '../client.ts';
import { ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { RunStatus } from '../runs/status.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, type Search } from '../shell/go.tsx';

const shownRows = '10';
const askAgainMs = 10_000;

/** @param recipient a user's id, or `collection/id` */
export function RunsOf({ recipient }: { recipient: string }) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'runs', 'of', recipient],
    queryFn: () => read(api.runs.$get({ query: { recipient, limit: shownRows } })),
    refetchInterval: askAgainMs,
  });
  const rows = (data?.rows ?? []) as unknown as RunRow[];
  return (
    <section className="part" aria-label="Runs">
      <h2>
        <Go to={['runs']} search={{ recipient }}>
          Runs
        </Go>
      </h2>
      {error !== null && data === undefined && <ProblemView error={error} />}
      {data !== undefined && rows.length === 0 && <p className="quiet">No run was for it.</p>}
      <ul className="plain-list in-columns">
        {rows.map((run) => (
          <li key={run.id}>
            <Go to={['runs', run.id]}>
              <Time iso={run.inserted_at} />
            </Go>{' '}
            <Text>{run.workflow}</Text> <RunStatus status={run.status} />
          </li>
        ))}
      </ul>
    </section>
  );
}

type EventsOfProps = {
  /** Which events: of a user, or with a text in them. */
  search: Search;
  /** Beside the title: how far they are looked for. */
  note: string;
};

/** The newest events of a search, and a link to all. */
export function EventsOf({ search, note }: EventsOfProps) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'events', 'of', search],
    queryFn: () => read(api.events.$get({ query: { ...(search as Record<string, string>), limit: shownRows } })),
    refetchInterval: askAgainMs,
  });
  const rows = (data?.rows ?? []) as unknown as ListedEvent[];
  return (
    <section className="part" aria-label="Events">
      <h2>
        <Go to={['events']} search={search}>
          Events
        </Go>{' '}
        <span className="quiet">{note}</span>
      </h2>
      {error !== null && data === undefined && <ProblemView error={error} />}
      {data !== undefined && rows.length === 0 && <p className="quiet">None came in.</p>}
      <ul className="plain-list in-columns">
        {rows.map((event) => (
          <li key={event.id}>
            <Go to={['events', event.id]}>
              <Time iso={event.received_at} />
            </Go>{' '}
            <Text>{event.type ?? 'no type'}</Text> <Status>{event.status}</Status>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Events have no index by object: a search by text looks through rows, so the person asks for it. */
export function EventsThatName({ text }: { text: string }) {
  return (
    <section className="part" aria-label="Events">
      <h2>Events</h2>
      <p className="quiet">
        Events are kept by source and user.{' '}
        <Go to={['events']} search={{ text }}>
          Look for its id in their text
        </Go>
      </p>
    </section>
  );
}
