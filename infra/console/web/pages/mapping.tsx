import { useQuery } from '@tanstack/react-query';
import { read } from '../client.ts';
import { type Opened, Workspace } from '../mappings/workspace.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id } from '../parts/text.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { usePageSearch, usePathParam } from '../shell/go.tsx';

/** A mapping: a real event, its YAML in the file, and what it makes of the event as it is written. */
export default function Mapping() {
  const id = usePathParam('id');
  const { name, api } = useEnvironment();
  const [{ source = '', type = '', event, action }] = usePageSearch();
  const isNew = id === 'new' && type !== '';
  const { data, error } = useQuery({
    queryKey: [name, 'mappings', 'opened', source, ...(isNew ? ['new', type, event, action] : ['old', id])],
    queryFn: async (): Promise<Opened> => {
      if (!isNew) return (await read(api.mappings.text.$get({ query: { source, id } }))) as Opened;
      const json = { source, type, ...(event !== undefined && { event }), ...(action !== undefined && { action }) };
      return (await read(api.mappings.new['dry-run'].$post({ json }))) as Opened;
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    // A new mapping that was saved has another address, and stays where it is.
    placeholderData: (before, query) =>
      query?.queryKey[3] === source && query.queryKey[4] === 'new' ? before : undefined,
  });
  if (data === undefined)
    return (
      <Page title="Mapping" aside={<Id>{id}</Id>}>
        {error === null ? <Loading /> : <ProblemView error={error} />}
      </Page>
    );
  return <Workspace key={`${data.file.kind}/${data.file.key}`} opened={data} source={source} chosenEvent={event} />;
}
