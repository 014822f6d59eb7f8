import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { apiOf, isAway, readEnvironment } from '../client.ts';
import { pages } from '../pages.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Text, visible } from '../parts/text.tsx';
import { useZone } from '../parts/time.tsx';
import { AwayBanner } from './away.tsx';
import { EnvironmentContext, toneOf } from './environment.tsx';
import { pathOf, usePathParam } from './go.tsx';
import { Help } from './help.tsx';
import { useKeys } from './keyboard.ts';
import { Palette } from './palette.tsx';
import { useSession } from './session.tsx';

/** Asked for early, and so not again by the first page. */
export const environmentQuery = (name: string) => ({
  queryKey: [name, 'environment'],
  queryFn: () => readEnvironment(name),
  staleTime: 10_000,
});

/** What is around every page of an environment. */
export function Shell() {
  const name = usePathParam('environment');
  const { read_only, environments } = useSession();
  const { data, error } = useQuery(environmentQuery(name));
  const environment = useMemo(() => data && { ...data, readOnly: read_only, api: apiOf(data.name) }, [data, read_only]);
  const [open, setOpen] = useState<'palette' | 'help'>();
  const close = () => setOpen(undefined);
  const show = (what: 'palette' | 'help') => (event: Pick<KeyboardEvent, 'preventDefault'>) => {
    event.preventDefault();
    setOpen(what);
  };
  // On a phone the navigation is one line, which scrolls.
  const nav = useRef<HTMLElement>(null);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each page
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  useKeys({ 'Mod+k': show('palette'), '/': show('palette'), '?': show('help') });
  return (
    <div className={`shell tone-${toneOf(name)}`}>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="bar">
        <Link to={pathOf(name, [])} className="brand">
          Signalbox
        </Link>
        <EnvironmentPicker name={name} names={environments} where={data?.where} />
        {read_only && <span className="tag">read-only</span>}
        <button type="button" className="search-button" onClick={show('palette')} disabled={environment === undefined}>
          <span>Find any id…</span>
          <kbd>{/Mac/.test(navigator.platform) ? '⌘' : 'Ctrl'} K</kbd>
        </button>
        <ZoneSwitch />
        <button type="button" className="plain help-button" aria-label="Keys and help" onClick={show('help')}>
          ?
        </button>
      </header>
      <nav className="nav" aria-label="Pages" ref={nav}>
        <ul>
          {pages
            .filter(({ title }) => title !== undefined)
            .map(({ path, title }) => (
              <li key={path}>
                <Link
                  to={pathOf(name, path === '' ? [] : [path])}
                  activeOptions={{ exact: path === '', includeSearch: false }}
                  activeProps={{ 'aria-current': 'page' }}
                >
                  {title}
                </Link>
              </li>
            ))}
        </ul>
      </nav>
      <div className="content">
        {environment === undefined ? (
          error === null ? (
            <Loading />
          ) : (
            <main className="page" id="main">
              <ProblemView error={error} />
            </main>
          )
        ) : (
          <EnvironmentContext value={environment}>
            <AwayBanner />
            <Outlet />
            {open === 'palette' && <Palette onClose={close} />}
            {open === 'help' && <Help onClose={close} />}
          </EnvironmentContext>
        )}
      </div>
      {error !== null && isAway(error) && environment === undefined && <span className="visually-hidden">waiting</span>}
    </div>
  );
}

function EnvironmentPicker({ name, names, where }: { name: string; names: string[]; where: string | undefined }) {
  const navigate = useNavigate();
  const all = names.includes(name) ? names : [name, ...names];
  return (
    <span className="environment">
      <span className="dot" aria-hidden="true" />
      {all.length === 1 ? (
        <strong>
          <Text>{name}</Text>
        </strong>
      ) : (
        <select
          aria-label="Environment"
          value={name}
          onChange={({ target }) => void navigate({ to: pathOf(target.value, []) })}
        >
          {all.map((one) => (
            <option key={one} value={one}>
              {visible(one)}
            </option>
          ))}
        </select>
      )}
      {where !== undefined && <span className="quiet where">{where}</span>}
    </span>
  );
}

const zoneName = { local: 'local time', UTC: 'UTC' } as const;

function ZoneSwitch() {
  const { zone, setZone } = useZone();
  return (
    <button
      type="button"
      className="plain zone"
      title="Times in local time or UTC"
      aria-label={`Times are in ${zoneName[zone]}; switch to ${zoneName[zone === 'UTC' ? 'local' : 'UTC']}`}
      onClick={() => setZone(zone === 'UTC' ? 'local' : 'UTC')}
    >
      {zoneName[zone]}
    </button>
  );
}
