import './style.css';
import './pages.css';
import './mappings.css';
import './sources/sources.css';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { isAway, problemIn } from './client.ts';
import { type Zone, ZoneContext } from './parts/time.tsx';
import { Toasts } from './parts/toast.tsx';
import { router } from './router.tsx';
import { SessionGate, sessionQuery } from './shell/session.tsx';
import { environmentQuery } from './shell/shell.tsx';

const askAgainMs = 2_000;

const queries = new QueryClient({
  queryCache: new QueryCache({
    onError(error, { queryKey }) {
      // The session ended: what is shown gives way to how to get a new one.
      if (problemIn(error).code === 'no_session' && queryKey[0] !== 'session')
        void queries.resetQueries({ queryKey: ['session'] });
    },
  }),
  defaultOptions: {
    queries: {
      retry: false,
      refetchOnWindowFocus: true,
      networkMode: 'always',
      // An environment that was away is seen again without a hand.
      refetchInterval: ({ state }) => (isAway(state.error) ? askAgainMs : false),
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});

const zoneKey = 'signalbox-zone';

function App() {
  const [zone, setZone] = useState<Zone>(() => (localStorage.getItem(zoneKey) === 'UTC' ? 'UTC' : 'local'));
  const zones = useMemo(
    () => ({
      zone,
      setZone(next: Zone) {
        localStorage.setItem(zoneKey, next);
        setZone(next);
      },
    }),
    [zone],
  );
  return (
    <QueryClientProvider client={queries}>
      <ZoneContext value={zones}>
        <Toasts>
          <SessionGate>
            <RouterProvider router={router} />
          </SessionGate>
        </Toasts>
      </ZoneContext>
    </QueryClientProvider>
  );
}

const patienceMs = 150;

/** Asks for what every page begins with, so that it is drawn once, with all of it. An environment far away is not waited for. */
async function askFirst(): Promise<void> {
  await queries.prefetchQuery(sessionQuery);
  const [, environment = ''] = location.pathname.split('/');
  // The router shows what is wrong with an address that cannot be decoded.
  if (environment === '' || environment.includes('%')) return;
  const asked = queries.prefetchQuery(environmentQuery(environment));
  await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
}

const place = document.getElementById('app');
if (place !== null) {
  await Promise.allSettled([askFirst(), router.load()]);
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
