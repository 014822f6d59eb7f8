import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent, Navigate } from '@tanstack/react-router';
import { pathPart } from './addresses.ts';
import { pages } from './pages.ts';
import { Empty, Loading, ProblemView } from './parts/problem.tsx';
import { useSession } from './shell/session.tsx';
import { Shell } from './shell/shell.tsx';

const root = createRootRoute({ notFoundComponent: NoPage });

const start = createRoute({ getParentRoute: () => root, path: '/', component: Start });

/** The first environment's first page. */
function Start() {
  const [environment] = useSession().environments;
  return environment === undefined ? <NoPage /> : <Navigate to={`/${pathPart(environment)}`} replace />;
}

const shell = createRoute({
  getParentRoute: () => root,
  path: '$environment',
  component: Shell,
  notFoundComponent: NoPageHere,
});

const routes = pages.map(({ path, load }) =>
  createRoute({
    getParentRoute: () => shell,
    path: path === '' ? '/' : path,
    component: lazyRouteComponent(load),
    pendingComponent: Loading,
  }),
);

function NoPage() {
  return (
    <main className="page" id="main">
      <Empty title="There is no such page">
        <p>
          <Link to="/">Go to the overview</Link>
        </p>
      </Empty>
    </main>
  );
}

function NoPageHere() {
  return (
    <main className="page" id="main">
      <Empty title="There is no such page">
        <p>The navigation leads to those that there are.</p>
      </Empty>
    </main>
  );
}

export const router = createRouter({
  routeTree: root.addChildren([start, shell.addChildren(routes)]),
  // A search is text, in the page's URL as in a route's query: nothing is coded twice.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch(search) {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text === '' ? '' : `?${text}`;
  },
  defaultPreload: 'intent',
  defaultNotFoundComponent: NoPage,
  defaultErrorComponent: ({ error }) => (
    <main className="page" id="main">
      <ProblemView error={error} />
    </main>
  ),
  scrollRestoration: true,
});
