import type { ComponentType } from 'react';

/** A page: its address within an environment, and its file, which is loaded when it is opened. */
export type PageEntry = {
  /** `events/$id`; the page reads `$id` with `usePathParam('id')`. Empty: the first page. */
  path: string;
  /** Its name in the navigation; absent: it is reached from other pages. */
  title?: string;
  load(): Promise<{ default: ComponentType }>;
};

/** Every page of the console, in the order of the navigation. */
export const pages: readonly PageEntry[] = [
  { path: '', title: 'Overview', load: () => import('./pages/overview.tsx') },
  { path: 'sources', title: 'Sources', load: () => import('./pages/sources.tsx') },
  // No key of a source begins with this sign, so a source `new` has a page of its own.
  { path: 'sources/~new', load: () => import('./pages/new-source.tsx') },
  { path: 'sources/$key/setup', load: () => import('./pages/setup.tsx') },
  { path: 'sources/$key', load: () => import('./pages/source.tsx') },
  { path: 'mappings/$id', load: () => import('./pages/mapping.tsx') },
  { path: 'events', title: 'Events', load: () => import('./pages/events.tsx') },
  { path: 'events/$id', load: () => import('./pages/event.tsx') },
  { path: 'actions', title: 'Actions', load: () => import('./pages/actions.tsx') },
  { path: 'problems', title: 'Problems', load: () => import('./pages/problems.tsx') },
  { path: 'jobs', title: 'Jobs', load: () => import('./pages/jobs.tsx') },
  { path: 'runs', title: 'Runs', load: () => import('./pages/runs.tsx') },
  { path: 'runs/$id', load: () => import('./pages/run.tsx') },
  { path: 'people', title: 'People and objects', load: () => import('./pages/people.tsx') },
  { path: 'people/$id', load: () => import('./pages/person.tsx') },
  { path: 'people/objects/$collection/$id', load: () => import('./pages/object.tsx') },
  { path: 'people/tenants/$id', load: () => import('./pages/tenant.tsx') },
  { path: 'people/audiences/$key', load: () => import('./pages/audience.tsx') },
  { path: 'workflows', title: 'Workflows', load: () => import('./pages/workflows.tsx') },
  { path: 'workflows/$key', load: () => import('./pages/workflow.tsx') },
  { path: 'configuration', title: 'Configuration', load: () => import('./pages/configuration.tsx') },
  { path: 'keys', title: 'Keys and links', load: () => import('./pages/keys.tsx') },
];

/** The page at an address; the first that fits, in the order of the list. */
export function pageAt(pathname: string): PageEntry | undefined {
  const [, , ...asked] = pathname.replace(/\/$/, '').split('/');
  return pages.find(({ path }) => {
    const parts = path === '' ? [] : path.split('/');
    return parts.length === asked.length && parts.every((part, i) => part.startsWith('$') || part === asked[i]);
  });
}
