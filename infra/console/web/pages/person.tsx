import { useQuery } from '@tanstack/react-query';
import type { SubscriptionRow } from '../../../../shared/operations/directory/directory-rows.ts';
import type { UserRow } from '../../../../shared/operations/directory/user-row.ts';
import type { ListedEvent } from '../../../../shared/operations/events/listed-event.ts';
import type { RunRow } from '../../../../shared/operations/runs/run-row.ts';
import { apiPath, read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { Fact } from '../parts/facts.tsx';
import { JsonTree } from '../parts/json.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { quoted } from '../parts/words.ts';
import { RunStatus } from '../runs/status.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePathParam } from '../shell/go.tsx';

const shownRows = '10';

/** One user: properties, subscriptions, runs, and what came in for them. Events change data; nothing here does. */
export default function Person() {
  const id = usePathParam('id');
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'people', id],
    queryFn: () => read(api.people[':id'].$get({ param: { id } })) as Promise<unknown> as Promise<UserRow>,
    refetchInterval: ({ state }) => (state.error === null ? 10_000 : 2_000),
  });
  return (
    <Page
      title="Person"
      command={`users get ${quoted(id)}`}
      json={`${apiPath(name)}/people/${encodeURIComponent(id)}`}
      aside={
        <>
          <Id>{id}</Id>
          <Copy text={id} what="the id" />
        </>
      }
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && (
        <>
          <Facts user={data} />
          <section className="part" aria-label="Properties">
            <h2>Properties</h2>
            <JsonTree value={data.properties} />
          </section>
          {Object.keys(data.preferences).length > 0 && (
            <section className="part" aria-label="Preferences">
              <h2>Preferences</h2>
              <JsonTree value={data.preferences} />
            </section>
          )}
          <Subscriptions id={id} />
        </>
      )}
      <RunsOf id={id} />
      <EventsOf id={id} />
    </Page>
  );
}

const named = [
  ['Name', 'name'],
  ['Email', 'email'],
  ['Phone', 'phone_number'],
  ['Time zone', 'timezone'],
  ['Locale', 'locale'],
] as const;

function Facts({ user }: { user: UserRow }) {
  return (
    <dl className="facts">
      {named.map(([label, field]) => {
        const value = user[field];
        return value === null ? null : (
          <Fact key={field} name={label}>
            <Text>{value}</Text>
          </Fact>
        );
      })}
      <Fact name="First seen">
        <Time iso={user.inserted_at} />
      </Fact>
      <Fact name="Changed">
        <Time iso={user.updated_at} />
      </Fact>
    </dl>
  );
}

function Subscriptions({ id }: { id: string }) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'people', id, 'subscriptions'],
    queryFn: () =>
      read(api.people[':id'].subscriptions.$get({ param: { id }, query: {} })) as Promise<unknown> as Promise<{
        rows: SubscriptionRow[];
        next: string | null;
      }>,
  });
  return (
    <section className="part" aria-label="Subscriptions">
      <h2>Subscriptions</h2>
      {error !== null && data === undefined && <ProblemView error={error} />}
      {data?.rows.length === 0 && <p className="quiet">Subscribed to nothing.</p>}
      {data !== undefined && data.rows.length > 0 && (
        <ul className="plain-list">
          {data.rows.map(({ object, inserted_at }) => (
            <li key={object}>
              <Text>{object}</Text>{' '}
              <span className="quiet">
                since <Time iso={inserted_at} />
              </span>
            </li>
          ))}
          {data.next !== null && (
            <li className="quiet">
              more: <code className="command">npx signalbox users subscriptions {quoted(id)}</code>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

function RunsOf({ id }: { id: string }) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'people', id, 'runs'],
    queryFn: () => read(api.runs.$get({ query: { recipient: id, limit: shownRows } })),
    refetchInterval: 10_000,
  });
  const rows = (data?.rows ?? []) as unknown as RunRow[];
  return (
    <section className="part" aria-label="Runs">
      <h2>
        <Go to={['runs']} search={{ recipient: id }}>
          Runs
        </Go>
      </h2>
      {error !== null && data === undefined && <ProblemView error={error} />}
      {data !== undefined && rows.length === 0 && <p className="quiet">No run was for them.</p>}
      <ul className="plain-list">
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

function EventsOf({ id }: { id: string }) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'people', id, 'events'],
    queryFn: () => read(api.events.$get({ query: { user_id: id, limit: shownRows } })),
    refetchInterval: 10_000,
  });
  const rows = (data?.rows ?? []) as unknown as ListedEvent[];
  return (
    <section className="part" aria-label="Events">
      <h2>
        <Go to={['events']} search={{ user_id: id }}>
          Events
        </Go>{' '}
        <span className="quiet">of the last 3 days</span>
      </h2>
      {error !== null && data === undefined && <ProblemView error={error} />}
      {data !== undefined && rows.length === 0 && <p className="quiet">None came in for them.</p>}
      <ul className="plain-list">
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
