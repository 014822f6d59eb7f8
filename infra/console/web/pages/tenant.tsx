import { useQuery } from '@tanstack/react-query';
import type { TenantRow } from '../../../../shared/operations/directory/directory-rows.ts';
import { pathPart } from '../addresses.ts';
import { apiPath, read } from '../client.ts';
import { EventsThatName, RunsOf } from '../directory/activity.tsx';
import { Below, EntityHead, Seen } from '../directory/head.tsx';
import { Properties } from '../directory/properties.tsx';
import { SubscribersOfObject } from '../directory/relations.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { usePathParam } from '../shell/go.tsx';

type Tenant = TenantRow & { source_times: Record<string, string> };

/** One tenant: properties, settings, subscribers and runs. */
export default function TenantPage() {
  const id = usePathParam('id');
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'tenants', id],
    queryFn: () => read(api.tenants[':id'].$get({ param: { id } })) as Promise<unknown> as Promise<Tenant>,
    refetchInterval: ({ state }) => (state.error === null ? 10_000 : 2_000),
  });
  return (
    <Page
      title="Tenant"
      command={`tenants get ${quoted(id)}`}
      json={`${apiPath(name)}/tenants/${pathPart(id)}`}
      aside={<EntityHead id={id} />}
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && (
        <>
          <Seen entity={data} />
          <Properties values={valuesOf(data)} times={data.source_times} />
        </>
      )}
      <Below hidden={data === undefined && error === null}>
        <SubscribersOfObject collection="$tenants" id={id} />
        <RunsOf recipient={`$tenants/${id}`} />
        <EventsThatName text={id} />
      </Below>
    </Page>
  );
}

function valuesOf({ name, created_at, properties, settings, preferences }: Tenant) {
  return { name, created_at, ...properties, settings, preferences };
}
