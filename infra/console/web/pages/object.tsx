import { useQuery } from '@tanstack/react-query';
import type { ObjectRow } from '../../../../shared/operations/directory/directory-rows.ts';
import { pathPart } from '../addresses.ts';
import { apiPath, read } from '../client.ts';
import { EventsThatName, RunsOf } from '../directory/activity.tsx';
import { Below, EntityHead, Seen } from '../directory/head.tsx';
import { Properties } from '../directory/properties.tsx';
import { SubscribersOfObject, SubscriptionsOfObject } from '../directory/relations.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { usePathParam } from '../shell/go.tsx';

type One = ObjectRow & { source_times: Record<string, string> };

/** One object: properties, subscribers, subscriptions and runs. */
export default function ObjectPage() {
  const [collection, id] = [usePathParam('collection'), usePathParam('id')];
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'objects', collection, id],
    queryFn: () =>
      read(api.objects[':collection'][':id'].$get({ param: { collection, id } })) as Promise<unknown> as Promise<One>,
    refetchInterval: ({ state }) => (state.error === null ? 10_000 : 2_000),
  });
  return (
    <Page
      title="Object"
      command={`objects get ${quoted(collection)} ${quoted(id)}`}
      json={`${apiPath(name)}/objects/${pathPart(collection)}/${pathPart(id)}`}
      aside={<EntityHead id={`${collection}/${id}`} />}
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && (
        <>
          <Seen entity={data} />
          <Properties values={valuesOf(data)} times={data.source_times} />
        </>
      )}
      <Below hidden={data === undefined && error === null}>
        <SubscribersOfObject collection={collection} id={id} />
        <SubscriptionsOfObject collection={collection} id={id} />
        <RunsOf recipient={`${collection}/${id}`} />
        <EventsThatName text={id} />
      </Below>
    </Page>
  );
}

function valuesOf({ name, timezone, locale, created_at, properties, preferences }: One) {
  return { name, timezone, locale, created_at, ...properties, preferences };
}
