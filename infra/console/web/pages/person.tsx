import { useQuery } from '@tanstack/react-query';
import type { UserRow } from '../../../../shared/operations/directory/user-row.ts';
import { pathPart } from '../addresses.ts';
import { apiPath, read } from '../client.ts';
import { EventsOf, RunsOf } from '../directory/activity.tsx';
import { Below, EntityHead, Seen } from '../directory/head.tsx';
import { Properties } from '../directory/properties.tsx';
import { MembershipsOfUser, SubscriptionsOfUser } from '../directory/relations.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { usePathParam } from '../shell/go.tsx';

type User = UserRow & { source_times: Record<string, string> };

/** One user: properties, subscriptions, audiences, runs, and what came in for them. Events change data; nothing here does. */
export default function Person() {
  const id = usePathParam('id');
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'people', id],
    queryFn: () => read(api.people[':id'].$get({ param: { id } })) as Promise<unknown> as Promise<User>,
    refetchInterval: ({ state }) => (state.error === null ? 10_000 : 2_000),
  });
  return (
    <Page
      title="User"
      command={`users get ${quoted(id)}`}
      json={`${apiPath(name)}/people/${pathPart(id)}`}
      aside={<EntityHead id={id} />}
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && (
        <>
          <Seen entity={data} />
          <Properties values={valuesOf(data)} times={data.source_times} />
          <SubscriptionsOfUser id={id} />
          <MembershipsOfUser id={id} />
        </>
      )}
      <Below hidden={data === undefined && error === null}>
        <RunsOf recipient={id} />
        <EventsOf search={{ user_id: id }} note="of the last 3 days" />
      </Below>
    </Page>
  );
}

function valuesOf({ name, email, avatar, phone_number, timezone, locale, created_at, properties, preferences }: User) {
  return { name, email, avatar, phone_number, timezone, locale, created_at, ...properties, preferences };
}
