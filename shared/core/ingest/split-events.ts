import { type Child, readMember, type Scan, scanChildren, skipSpace } from '../json/scanner.ts';
import { isJsonObject, type JsonValue } from '../json/values.ts';
import type { BatchWrapper } from '../sources/source.ts';
import { type Refusal, refused } from './refusal.ts';

/**
 * How deep a body may nest. Real events nest far less, and later parsers and viewers may recurse.
 */
export const depthMax = 1000;
/** The most events of one request. */
export const eventsMax = 10_000;
/**
 * The most values of one event. A parsed value can take a hundred times the bytes of its text
 * (`{}`), and a function that runs out of memory fails other events too. An ordinary value takes 15
 * to 30 bytes of text, so 4 MB hold about this many.
 */
export const valuesMax = 250_000;
/**
 * The most values of one event, times the mappings of the source's event type with the most
 * mappings, since types are not known before the request is read. With up to 20 mappings an event
 * may have its 250,000 values.
 */
const mappedValuesMax = 5_000_000;

/** The most values of one event, given the largest number of mappings of a type. */
export function valuesMaxWith(mappings: number): number {
  return Math.min(valuesMax, Math.floor(mappedValuesMax / Math.max(1, mappings)));
}

/**
 * The most characters of all events together once a wrapper's shared members are copied into each.
 */
const sharedOutCharactersMax = 16 * 1024 * 1024;

/** `batchIndex` is absent when the whole body is the event. */
export type EventSlice = { text: string; batchIndex?: number };

type Scanned = Extract<Scan, { kind: 'scanned' }>;
type Split = { kind: 'events'; events: EventSlice[] } | Refusal;

/**
 * Cuts a body into the exact texts of its events: the elements of a list, the elements of a
 * wrapper's list (`{"batch": […]}`), or else the whole body. Texts are never parsed and written
 * again, so ids beyond 2^53, the order of keys and the spelling of numbers stay as sent.
 *
 * A wrapper's shared members are put before the members of each event that lacks them:
 * `{"batch":[{"type":"track"}],"sentAt":"…"}` gives `{"sentAt":"…","type":"track"}`. Elements that
 * are not objects pass: they are logged as rejected, one by one, and do not affect the others.
 * @param most values of one event, including copies from a wrapper: see `valuesMaxWith`
 */
export function splitEvents(text: string, wrapper: BatchWrapper | undefined, most = valuesMax): Split {
  const open = skipSpace(text, 0);
  if (open === text.length) return refused('body_empty', 'the body is blank; send an event as a JSON object');
  if (text[open] !== '[' && text[open] !== '{') return notEvents(text);
  const scan = scanChildren(text, open, { depthMax, childrenMax: eventsMax });
  if (scan.kind === 'too_deep')
    return refused('body_too_deep', `the body nests deeper than ${depthMax} levels; flatten it`);
  if (scan.kind === 'malformed' || skipSpace(text, scan.end) < text.length) return notJson(text, scan.values, most);
  if (text[open] === '[') return splitList(text, scan, most);
  const members = wrapper && wrapperMembers(text, scan, wrapper);
  if (members) return splitWrapper(text, members, scan.values, most);
  if (scan.values > most) return tooManyValues(most);
  const parsed = parse(text);
  return parsed.kind === 'refused' ? parsed : { kind: 'events', events: [{ text }] };
}

function tooManyValues(most: number, position?: number): Refusal {
  const which = position === undefined ? 'the event' : `event ${position} of the batch`;
  return refused('event_too_large', `${which} holds more than ${most} values; send it in parts`, position);
}

/** JSON.parse explains errors best, but only short parts are parsed for that. */
function notJson(text: string, values: number, most: number): Refusal {
  const parsed = values > most ? undefined : parse(text);
  if (parsed?.kind === 'refused') return parsed;
  return refused('body_not_json', 'the body is not JSON: its brackets or quotes do not match up');
}

function notEvents(text: string): Refusal {
  const parsed = parse(text);
  if (parsed.kind === 'refused') return parsed;
  return refused(
    'body_not_events',
    'the body is a single JSON value; send an event as a JSON object, or a list of events',
  );
}

function splitList(
  text: string,
  { children, more }: Pick<Scanned, 'children' | 'more'>,
  most: number,
  share?: Share,
): Split {
  if (more) return refused('batch_too_long', `the batch holds more than ${eventsMax} events; send smaller batches`);
  const events: EventSlice[] = [];
  for (const [batchIndex, { start, end, values }] of children.entries()) {
    if (values > most - (share?.values ?? 0)) return tooManyValues(most, batchIndex);
    const element = text.slice(start, end);
    const parsed = parse(element, batchIndex);
    if (parsed.kind === 'refused') return parsed;
    events.push({ text: share ? share.into(element, parsed.value) : element, batchIndex });
  }
  return { kind: 'events', events };
}

/** `values`: the most values that it adds to an event. */
type Share = { values: number; into(element: string, value: JsonValue): string };
/** `shared`: the text of each member that goes into every event, by its name. */
type WrapperMembers = { list: Child; shared: Map<string, string> };

/** The members of a wrapper; undefined if the map is an event itself. */
function wrapperMembers(text: string, { children, more }: Scanned, wrapper: BatchWrapper): WrapperMembers | undefined {
  if (more) return undefined;
  const [outermost, ...inner] = wrapper.list;
  let found: Child | undefined;
  const shared = new Map<string, string>();
  for (const child of children) {
    const member = readMember(text, child);
    if (member === undefined || member.name === wrapper.unless) return undefined;
    // Of several members with one name the last counts, as in JSON.parse.
    if (member.name === outermost) found = { ...member.value, values: child.values };
    if (wrapper.shared.includes(member.name)) shared.set(member.name, text.slice(child.start, child.end));
  }
  if (found === undefined) return undefined;
  const list = descend(text, found, inner);
  if (list === undefined || text[list.child.start] !== '[') return undefined;
  if (inner.length > 0) shared.set(outermost, `${JSON.stringify(outermost)}:${list.around}`);
  return { list: list.child, shared };
}

/** The value at a path below a map, and the text of that map without it. */
function descend(text: string, value: Child, path: string[]): { child: Child; around: string } | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return { child: value, around: '' };
  if (text[value.start] !== '{') return undefined;
  const scan = scanChildren(text, value.start, { depthMax, childrenMax: eventsMax });
  if (scan.kind !== 'scanned' || scan.more) return undefined;
  const members = scan.children.map((child) => ({ child, member: readMember(text, child) }));
  const at = members.findLast(({ member }) => member?.name === name);
  if (at?.member === undefined) return undefined;
  const below = descend(text, { ...at.member.value, values: at.child.values }, rest);
  if (below === undefined) return undefined;
  const others = members
    .filter(({ member }) => member?.name !== name)
    .map(({ child }) => text.slice(child.start, child.end));
  const kept = rest.length === 0 ? others : [...others, `${JSON.stringify(name)}:${below.around}`];
  return { child: below.child, around: `{${kept.join(',')}}` };
}

function splitWrapper(text: string, { list, shared }: WrapperMembers, values: number, most: number): Split {
  const valuesAround = values - list.values;
  if (valuesAround > most) return tooManyValues(most);
  // Each part is parsed once: the wrapper with an empty list here, the elements one by one below.
  const rest = parse(`${text.slice(0, list.start)}[]${text.slice(list.end)}`);
  if (rest.kind === 'refused') return rest;
  const scan = scanChildren(text, list.start, { depthMax, childrenMax: eventsMax });
  if (scan.kind !== 'scanned' || scan.end !== list.end) return notJson(text, values, most);
  const members = [...shared].map(([name, member]) => ({ name, text: member }));
  const sharedCharacters = members.reduce((sum, member) => sum + member.text.length, 0);
  if (sharedCharacters * scan.children.length > sharedOutCharactersMax) {
    const detail = `the batch has ${sharedCharacters} characters to copy into each of its ${scan.children.length} events; send smaller batches`;
    return refused('body_too_large', detail);
  }
  const into = (element: string, value: JsonValue) => {
    if (!isJsonObject(value)) return element;
    const missing = members.filter(({ name }) => !Object.hasOwn(value, name)).map((member) => member.text);
    if (missing.length === 0) return element;
    const separator = Object.keys(value).length > 0 ? ',' : '';
    return `{${missing.join(',')}${separator}${element.slice(1)}`;
  };
  return splitList(text, scan, most, { values: valuesAround, into });
}

function parse(text: string, position?: number): { kind: 'json'; value: JsonValue } | Refusal {
  try {
    return { kind: 'json', value: JSON.parse(text) };
  } catch (error) {
    const where = position === undefined ? 'the body' : `event ${position} of the batch`;
    return refused('body_not_json', `${where} is not JSON: ${(error as SyntaxError).message}`, position);
  }
}
