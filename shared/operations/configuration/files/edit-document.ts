import { type Document, isMap, isNode, isScalar, isSeq, visit, type YAMLMap, type YAMLSeq } from 'yaml';
import { isJsonObject, own, sameJson } from '../../../core/json/values.ts';

type Place = (string | number)[];

/**
 * Changes a document from `before` to `after`. Unchanged nodes stay, with their comments. `before`
 * and `after` are as the schema reads them, so a default that the file leaves out stays left out.
 */
export function editDocument(document: Document, before: unknown, after: unknown): void {
  edit(document, [], before, after);
}

/**
 * To the parser, a comment before a list's first element belongs to the list, and would stay first
 * when another element comes first. Here it becomes the element's, as a reader understands it; it
 * is written at the same place either way.
 */
export function settleComments(document: Document): void {
  visit(document, {
    Seq(_key, list) {
      const [first] = list.items;
      if (!list.commentBefore || !isNode(first) || first.commentBefore) return;
      first.commentBefore = list.commentBefore;
      list.commentBefore = null;
    },
  });
}

function edit(document: Document, place: Place, before: unknown, after: unknown): void {
  if (sameJson(before, after)) return;
  const node = place.length === 0 ? document.contents : document.getIn(place, true);
  if (isMap(node) && isJsonObject(before) && isJsonObject(after)) {
    for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) document.deleteIn([...place, name]);
    for (const [name, value] of Object.entries(after)) edit(document, [...place, name], own(before, name), value);
    return;
  }
  if (isSeq(node) && Array.isArray(before) && Array.isArray(after) && node.items.length === before.length) {
    editList(document, node, place, before, after);
    return;
  }
  if (isScalar(node) && (typeof after !== 'object' || after === null)) {
    // The scalar stays, with its comment. It gets a new style only if the old one cannot hold the
    // value.
    node.value = after;
    delete node.source;
    return;
  }
  const made = document.createNode(after);
  // Of an empty value the parser keeps what is written below it: commented examples, for instance.
  if (isScalar(node) && isNode(made) && node.comment) made.commentBefore = node.comment;
  if (place.length === 0) document.contents = made as Document['contents'];
  else document.setIn(place, made);
}

/**
 * Elements with ids are matched by id and put into the new order with their comments; others by
 * position.
 */
function editList(document: Document, list: YAMLSeq, place: Place, before: unknown[], after: unknown[]): void {
  const positions = positionsById(before);
  if (positions === undefined || positionsById(after) === undefined) {
    for (let i = after.length; i < before.length; i++) document.deleteIn([...place, after.length]);
    for (const [i, value] of after.entries()) {
      if (i < before.length) edit(document, [...place, i], before[i], value);
      else list.add(document.createNode(value));
    }
    return;
  }
  const items = [...list.items];
  // First in place, since the positions are those of the old list.
  for (const value of after) {
    const position = positions.get(idOf(value));
    if (position !== undefined) edit(document, [...place, position], before[position], value);
  }
  for (const [i] of items.entries()) items[i] = list.items[i];
  // A new element stands apart from others as they do.
  const isSpaced = items.some((item) => isNode(item) && item.spaceBefore);
  list.items = after.map((value, i) => {
    const position = positions.get(idOf(value));
    if (position !== undefined) return items[position];
    const made = document.createNode(value) as YAMLMap;
    if (isSpaced && i > 0) made.spaceBefore = true;
    return made;
  });
}

const idOf = (element: unknown) => (isJsonObject(element) ? element.id : undefined);

/** Undefined when an element has no id, or shares one. */
function positionsById(list: unknown[]): Map<unknown, number> | undefined {
  const positions = new Map(list.map((element, i) => [idOf(element), i]));
  return positions.size === list.length && !positions.has(undefined) ? positions : undefined;
}
