import { fieldPathProblem, fieldPathText } from '../../core/mappings/field-path.ts';

/**
 * How a source at Knock reads its paths. `event`: from the whole request, so that `data.id` is
 * `body.data.id`. `properties`: sources of the first generation, where `data` is the contents of
 * the event, as here.
 */
export type PathDialect = 'event' | 'properties';

export type ConvertedPath = { path: string } | { problem: string };

/** Names that mean the same at Knock and here. */
const namespaces = new Set(['body', 'headers', 'preprocess']);
/** Names that mean something of their own here. */
const ours = new Set(['data', 'user_id']);

/** A path of Knock as a path of a file here, which leads to the same value. */
export function convertPath(text: string, dialect: PathDialect): ConvertedPath {
  if (text.includes('{{') || text.includes('{%')) return { problem: 'is a template, which no parameter of Knock has' };
  const [first = ''] = text.split(/[.[]/);
  const isOurs = dialect === 'event' && !namespaces.has(first) && ours.has(first);
  const meant = isOurs ? `body.${text}` : text;
  if (fieldPathProblem(meant) === undefined) return { path: meant };
  // A name with a space or a sign is written in quotes here.
  const segments = meant.split('.');
  const quoted = fieldPathText(fieldPathProblem(segments[0] ?? '') === undefined ? segments : ['body', ...segments]);
  const problem = segments.includes('') ? 'has an empty name in it' : fieldPathProblem(quoted);
  return problem === undefined ? { path: quoted } : { problem };
}

/** Whether only the script of a source computes what a path leads to. */
export const isComputed = (path: string) => /^preprocess([.[]|$)/.test(path);
