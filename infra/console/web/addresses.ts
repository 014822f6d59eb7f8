/*
 * Where each page is, and what it asks for first. The server too reads this list, to tell a browser at once what it will
 * need; the page, to find its files and to draw the navigation.
 */

export type Address = {
  /** `events/$id`; the page reads `$id` with `usePathParam('id')`. Empty: the first page. */
  path: string;
  /** Its file in `web/pages/`, without the ending. */
  file: string;
  /** Its name in the navigation; absent: it is reached from other pages. */
  title?: string;
  /**
   * The routes of the environment that it reads when it is opened, word for word as it asks for them. Absent: it is
   * opened from other pages, and what it reads is quick.
   * @param parts what stands in the address for `$id` and its like, in their order, still encoded
   */
  reads?(search: URLSearchParams, parts: readonly string[]): string[];
};

/** Of a list that is opened: more than fill a screen, since these are what a person waits for. */
export const firstRows = 60;

/** As `usePaged` asks for the first rows of a list. */
const listOf =
  (route: string, ...more: string[]): NonNullable<Address['reads']> =>
  (search) => {
    const { by, ...filter } = Object.fromEntries([...search].filter(([, value]) => value !== ''));
    // Counted by a property: no rows.
    if (by !== undefined) return more;
    return [`${route}?${new URLSearchParams({ ...filter, limit: String(firstRows) })}`, ...more];
  };

/** Every page of the console, in the order of the navigation. */
export const addresses = [
  {
    path: '',
    file: 'overview',
    title: 'Overview',
    reads: (search: URLSearchParams) => (search.has('since') ? [] : ['/doctor?since=1h', '/doctor/flow?since=1h']),
  },
  { path: 'sources', file: 'sources', title: 'Sources', reads: () => ['/sources', '/sources/counts'] },
  // No key of a source begins with this sign, so a source `new` has a page of its own.
  { path: 'sources/~new', file: 'new-source' },
  { path: 'sources/$key/setup', file: 'setup' },
  {
    path: 'sources/$key',
    file: 'source',
    reads: (_: URLSearchParams, [key]: readonly string[]) => [`/source/${key}`],
  },
  { path: 'mappings/$id', file: 'mapping' },
  { path: 'events', file: 'events', title: 'Events', reads: listOf('/events', '/sources/keys') },
  {
    path: 'events/$id',
    file: 'event',
    reads: (_: URLSearchParams, [id]: readonly string[]) => [`/why/${id}`, `/events/${id}`],
  },
  { path: 'actions', file: 'actions', title: 'Actions', reads: listOf('/actions', '/sources/keys') },
  { path: 'problems', file: 'problems', title: 'Problems' },
  { path: 'jobs', file: 'jobs', title: 'Jobs', reads: () => ['/jobs'] },
  { path: 'runs', file: 'runs', title: 'Runs', reads: listOf('/runs') },
  { path: 'runs/$id', file: 'run' },
  { path: 'people', file: 'people', title: 'People and objects' },
  { path: 'people/$id', file: 'person' },
  { path: 'people/objects/$collection/$id', file: 'object' },
  { path: 'people/tenants/$id', file: 'tenant' },
  { path: 'people/audiences/$key', file: 'audience' },
  { path: 'workflows', file: 'workflows', title: 'Workflows', reads: () => ['/workflows'] },
  { path: 'workflows/$key', file: 'workflow' },
  { path: 'configuration', file: 'configuration', title: 'Configuration', reads: () => ['/configuration'] },
  { path: 'keys', file: 'keys', title: 'Keys and links', reads: () => ['/keys'] },
] as const satisfies readonly Address[];

/**
 * A text as a part of a path, for pages and for routes. Browsers take `.` and `..` for the way up, however they are
 * encoded, so these have a sign before them.
 */
export const pathPart = (text: string) => encodeURIComponent(upward.test(text) ? `~${text}` : text);

/** The text of such a part, once it is decoded. */
export const textOfPart = (part: string) => (part.startsWith('~') && upward.test(part) ? part.slice(1) : part);

const upward = /^~*\.{1,2}$/;

export type PageFile = (typeof addresses)[number]['file'];

/**
 * What stands at a path of the console's URL.
 * @returns undefined: no page does. `parts`: as for `reads`; the first that fits, in the order of the list.
 */
export function addressAt(
  pathname: string,
): { environment: string; address: Address & { file: PageFile }; parts: string[] } | undefined {
  const [, environment = '', ...asked] = pathname.replace(/\/$/, '').split('/');
  for (const address of addresses) {
    const wanted: string[] = address.path === '' ? [] : address.path.split('/');
    if (wanted.length === asked.length && wanted.every((part, i) => part.startsWith('$') || part === asked[i]))
      return { environment, address, parts: asked.filter((_, i) => wanted[i]?.startsWith('$')) };
  }
  return undefined;
}
