import { missing, type Refused } from './answer.ts';
import type { Route } from './route.ts';
import { notOffered } from './routes/not-offered.ts';

export type Found = { kind: 'found'; route: Route; params: Record<string, string> };

/**
 * The route of a request. Of several that fit, the one with more fixed words wins:
 * `/v1/users/bulk/identify` before a user called `bulk`.
 * @param path as API Gateway reports it: percent-decoded once, so a plus sign is one
 */
export function findRoute(routes: readonly Route[], method: string, path: string): Found | Refused {
  const fitting = routes.flatMap((route) => {
    const params = matchPath(route.path, path);
    return params === undefined ? [] : [{ kind: 'found' as const, route, params }];
  });
  const [best] = fitting
    .filter(({ route }) => route.method === method)
    .sort((a, b) => Object.keys(a.params).length - Object.keys(b.params).length);
  if (best !== undefined) return best;
  const instead = notOffered(path);
  if (instead !== undefined) {
    const message = `${method} ${path}: this API does not offer ${instead}`;
    return { kind: 'refused', status: 404, code: 'not_offered', message };
  }
  const methods = [...new Set(fitting.map(({ route }) => route.method))].join(', ');
  return missing(
    methods === '' ? `there is no ${method} ${path}` : `there is no ${method} ${path}; it takes ${methods}`,
  );
}

function matchPath(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.replace('+}', '}').split('/');
  const parts = path.split('/');
  const given = template.endsWith('+}') ? restTogether(parts, wanted.length) : parts;
  if (wanted.length !== given.length) return undefined;
  const params: [string, string][] = [];
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? '';
    const [, name] = /^\{(.+)\}$/.exec(part) ?? [];
    if (name === undefined ? part !== value : value === '') return undefined;
    if (name !== undefined) params.push([name, value]);
  }
  return Object.fromEntries(params);
}

/** Run ids of objects hold a slash, which the gateway has decoded. */
function restTogether(parts: string[], length: number): string[] {
  return parts.length < length ? parts : [...parts.slice(0, length - 1), parts.slice(length - 1).join('/')];
}
