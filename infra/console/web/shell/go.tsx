import { Link, useNavigate, useParams, useRouter, useSearch as useRouterSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { pathPart, textOfPart } from '../addresses.ts';
import { useEnvironment } from './environment.tsx';

/** What a page shows is in its URL, all of it text. A filter that is not set is absent. */
export type Search = Readonly<Record<string, string | undefined>>;

/** An address of the console: parts of a path within an environment, and a search. */
export type Place = { to: readonly string[]; search?: Search };

export function pathOf(environment: string, to: readonly string[]): string {
  return `/${[environment, ...to].map(pathPart).join('/')}`;
}

function cleaned(search: Search = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''),
  );
}

/** A link to a page of the environment that is shown. */
export function Go({ to, search, children, ...rest }: Place & Omit<React.ComponentProps<'a'>, 'href'>) {
  const { name } = useEnvironment();
  return (
    <Link to={pathOf(name, to)} search={cleaned(search) as never} {...(rest as object)}>
      {children}
    </Link>
  );
}

type Going = {
  go(place: Place): void;
  /** The address of a place, for a link that is none of the router's. */
  hrefOf(place: Place): string;
  /** Loads the page of a place before it is opened. */
  preload(place: Place): void;
};

export function useGo(): (place: Place) => void {
  return useGoing().go;
}

/** What rows need of places; it stays the same while the environment does. */
export function useGoing(): Going {
  const { name } = useEnvironment();
  const router = useRouter();
  return useMemo(() => {
    const optionsOf = ({ to, search }: Place) => ({ to: pathOf(name, to), search: cleaned(search) as never });
    return {
      go: (place) => void router.navigate(optionsOf(place)),
      hrefOf: (place) => hrefOf(name, place),
      preload: (place) => void router.preloadRoute(optionsOf(place)).catch(() => undefined),
    };
  }, [name, router]);
}

function hrefOf(environment: string, { to, search }: Place): string {
  const query = new URLSearchParams(cleaned(search)).toString();
  return `${pathOf(environment, to)}${query === '' ? '' : `?${query}`}`;
}

/** The page's search, and how to change parts of it: undefined takes one out. */
export function usePageSearch(): [Search, (change: Search, how?: { replace?: boolean }) => void] {
  const search = useRouterSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const change = useCallback(
    (changed: Search, { replace = false } = {}) =>
      void navigate({
        to: '.',
        search: ((before: Search) => cleaned({ ...before, ...changed })) as never,
        replace,
        resetScroll: false,
      }),
    [navigate],
  );
  return useMemo(() => [search, change], [search, change]);
}

export function usePathParam(name: string): string {
  const params = useParams({ strict: false }) as Record<string, string | undefined>;
  return textOfPart(params[name] ?? '');
}
