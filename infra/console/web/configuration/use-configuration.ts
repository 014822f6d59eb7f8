import { useQuery } from '@tanstack/react-query';
import { type Api, read } from '../client.ts';
import { useEnvironment } from '../shell/environment.tsx';

/** Files against draft against live content, and what may be done here. */
export type Configuration = Awaited<ReturnType<typeof readConfiguration>>;

const readConfiguration = (api: Api) => read(api.configuration.$get());

// Files are edited outside of the page.
const askAgainMs = 4_000;

/** @returns `data` absent until it is here; read again every few seconds while the page is seen */
export function useConfiguration() {
  const { name, api } = useEnvironment();
  return useQuery({
    queryKey: [name, 'configuration'],
    queryFn: () => readConfiguration(api),
    refetchInterval: askAgainMs,
  });
}

/** `source/stripe` */
export const refOf = ({ type, key }: { type: string; key: string }) => `${type}/${key}`;
