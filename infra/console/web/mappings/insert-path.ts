import { placeAt, type YamlPlace } from './yaml-place.ts';

/** A change of a text, and where the cursor is afterwards. */
export type TextChange = { from: number; to: number; insert: string; cursor: number };

/** Whether a place takes a path into the event. */
export function takesPath({ path }: Pick<YamlPlace, 'path'>): boolean {
  const [first] = path;
  const last = path.at(-1);
  if (last === 'path' || (typeof last === 'string' && last.endsWith('_path'))) return true;
  if (path.includes('value')) return false;
  if (first === 'triggers') return path.length > 2 && !['source', 'event', 'id', 'when'].includes(String(path[2]));
  const parameters = path.indexOf('parameters');
  return parameters !== -1 && path.length > parameters + 1;
}

/**
 * Puts a path where the cursor is: in place of the value there, or into a template's text.
 * Undefined where no path can stand.
 */
export function pathInserted(
  text: string,
  selected: { from: number; to: number },
  path: string,
): TextChange | undefined {
  const place = placeAt(text, selected.from);
  if (place === undefined || !takesPath(place)) return undefined;
  const value = text.slice(place.from, place.to);
  if (place.path.at(-1) === 'template') return intoTemplate(text, selected, place, path);
  // A map, a list or a block of lines stays: the cursor is before it, not in it.
  if (place.at === 'value' && /^[{[|>]/.test(value)) return undefined;
  if (place.at === 'name' && typeof place.path.at(-1) !== 'number') return undefined;
  const lead = text[place.from - 1] === ':' || text[place.from - 1] === '-' ? ' ' : '';
  const insert = lead + scalar(path, place.isFlow);
  return { from: place.from, to: place.to, insert, cursor: place.from + insert.length };
}

function intoTemplate(
  text: string,
  { from, to }: { from: number; to: number },
  place: YamlPlace,
  path: string,
): TextChange {
  const value = text.slice(place.from, place.to);
  const quote = /^["']/.exec(value)?.[0];
  if (quote === undefined) {
    const written =
      value.slice(0, from - place.from) + braced(value, from - place.from, path) + value.slice(to - place.from);
    const insert = `${place.from === place.to && text[place.from - 1] === ':' ? ' ' : ''}${quoted(written)}`;
    return { from: place.from, to: place.to, insert, cursor: place.from + insert.length - 1 };
  }
  const at = Math.min(Math.max(from, place.from + 1), Math.max(place.to - 1, place.from + 1));
  const end = Math.min(Math.max(to, at), Math.max(place.to - 1, at));
  const plain = braced(value, at - place.from, path);
  const insert = quote === "'" ? plain.replaceAll("'", "''") : JSON.stringify(plain).slice(1, -1);
  return { from: at, to: end, insert, cursor: at + insert.length };
}

/** Within `{{ }}` the path alone. */
function braced(value: string, at: number, path: string): string {
  const before = value.slice(0, at);
  return before.lastIndexOf('{{') > before.lastIndexOf('}}') ? path : `{{${path}}}`;
}

/** A path as a scalar that means the same text there. */
export function scalar(path: string, isFlow: boolean): string {
  const isPlain = /^[A-Za-z_]/.test(path) && !/: |:$| #/.test(path) && !/^(true|false|null)$/i.test(path);
  return isPlain && !(isFlow && /[,[\]{}]/.test(path)) ? path : quoted(path);
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
