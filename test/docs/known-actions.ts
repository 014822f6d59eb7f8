import type { Action } from '../../shared/core/actions/action.ts';
import type { ActionFacts } from '../../shared/core/mappings/facts.ts';

/** The facts that planning reads, as a definition states them; `satisfies` finds one that is forgotten here. */
function factsIn({ defaults, eventData, names, isForTriggers, destructive }: Action): ActionFacts {
  const facts = { defaults, eventData, names, isForTriggers, destructive } satisfies Record<keyof ActionFacts, unknown>;
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** The text of `shared/core/mappings/known-actions.ts`. Actions of which planning need know nothing are left out. */
export function knownActionsFile(actions: readonly Action[]): string {
  const stated = actions.map((action) => [action.id, factsIn(action)] as const);
  const known = Object.fromEntries(stated.filter(([, facts]) => Object.keys(facts).length > 0));
  return [
    "import type { ActionFacts } from './facts.ts';",
    '',
    '// `npm run docs` writes this file from the definitions in core/actions: what plans events needs these facts, and none of',
    '// the code of actions.',
    `export const knownActions: Readonly<Record<string, ActionFacts>> = ${literal(known)};`,
    '',
  ].join('\n');
}

function literal(value: unknown, indent = ''): string {
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll("'", "\\'").replaceAll('\\"', '"')}'`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((one) => `${inner}${literal(one, inner)},\n`).join('')}${indent}]`;
  const members = Object.entries(value).map(([name, one]) => {
    const key = /^[a-z_]\w*$/i.test(name) ? name : literal(name);
    return `${inner}${key}: ${literal(one, inner)},\n`;
  });
  return `{\n${members.join('')}${indent}}`;
}
