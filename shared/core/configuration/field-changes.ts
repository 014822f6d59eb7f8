import { isJsonObject, own, sameJson } from '../json/values.ts';

/** One changed field. `before` is absent if it was added, `after` if it was removed. */
export type FieldChange = { path: string; before?: unknown; after?: unknown };

/**
 * The differences between two documents, field by field; empty exactly when they are equal. Lists
 * of elements with ids (mappings) are matched by id, so that a new first mapping changes no other:
 * `mappings[order-completed].parameters.recipients`. Lists of plain values are compared whole.
 */
export function fieldChanges(before: unknown, after: unknown, path = ''): FieldChange[] {
  if (sameJson(before, after)) return [];
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => fieldChanges(own(before, name), own(after, name), joined(path, name)));
  }
  if (Array.isArray(before) && Array.isArray(after)) return listChanges(before, after, path);
  // A list of mappings that is added or removed whole is also shown mapping by mapping.
  const list = before === undefined ? after : after === undefined ? before : undefined;
  if (Array.isArray(list) && list.length > 0 && byId(list) !== undefined)
    return before === undefined ? listChanges([], list, path) : listChanges(list, [], path);
  return [{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
}

function listChanges(before: unknown[], after: unknown[], path: string): FieldChange[] {
  const [was, is] = [byId(before), byId(after)];
  if (was !== undefined && is !== undefined) {
    const ids = new Set([...was.keys(), ...is.keys()]);
    const changes = [...ids].flatMap((id) => fieldChanges(was.get(id), is.get(id), `${path}[${id}]`));
    const kept = (list: Map<string, unknown>, other: Map<string, unknown>) =>
      [...list.keys()].filter((id) => other.has(id));
    const [orderBefore, orderAfter] = [kept(was, is), kept(is, was)];
    // The order of a list is part of its meaning.
    if (sameJson(orderBefore, orderAfter) && changes.length > 0) return changes;
    return [...changes, { path: `${path} (order)`, before: [...was.keys()], after: [...is.keys()] }];
  }
  if ([...before, ...after].every((element) => !isJsonObject(element) && !Array.isArray(element)))
    return [{ path, before, after }];
  return Array.from({ length: Math.max(before.length, after.length) }, (_, i) =>
    fieldChanges(before[i], after[i], `${path}[${i}]`),
  ).flat();
}

/** Undefined unless each element has its own id. */
function byId(list: unknown[]): Map<string, unknown> | undefined {
  const found = new Map<string, unknown>();
  for (const element of list) {
    if (!isJsonObject(element) || typeof element.id !== 'string') return undefined;
    found.set(element.id, element);
  }
  return found.size === list.length ? found : undefined;
}

function joined(path: string, name: string): string {
  if (!/^[\w$-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}
