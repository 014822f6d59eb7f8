import { type Document, parseDocument, stringify, type ToStringOptions } from 'yaml';
import type * as z from 'zod';
import { sameJson } from '../../../core/json/values.ts';
import { editDocument, settleComments } from './edit-document.ts';
import { withEmptyList } from './empty-list.ts';
import { keepFormat } from './keep-format.ts';

/**
 * A file's text that says `content`. It keeps comments, order and format of everything unchanged.
 * If that is impossible (with shared anchors, for example), the document is formatted again, and as
 * a last resort written from scratch. The result always says `content`.
 * @returns undefined when the text already says so
 */
export function rewriteFile(text: string, content: unknown, schema: z.ZodType): string | undefined {
  const says = (candidate: string) => saysContent(candidate, content, schema);
  if (says(text)) return undefined;
  const document = parseDocument(text);
  const before = schema.safeParse(withEmptyList(document.toJS()));
  settleComments(document);
  const options = formatOf(text, document);
  const plain = document.toString(options);
  editDocument(document, before.success ? before.data : document.toJS(), content);
  const edited = document.toString(options);
  return [keepFormat(text, plain, edited), edited].find(says) ?? newFile(content);
}

export function newFile(content: unknown, firstLine?: string): string {
  return `${firstLine === undefined ? '' : `${firstLine}\n`}${stringify(content, { lineWidth: 0 })}`;
}

function saysContent(text: string, content: unknown, schema: z.ZodType): boolean {
  const document = parseDocument(text);
  if (document.errors.length > 0) return false;
  const read = schema.safeParse(withEmptyList(document.toJS()));
  return read.success && sameJson(read.data, content);
}

const candidates: ToStringOptions[] = [2, 4].flatMap((indent) =>
  [true, false].flatMap((indentSeq) =>
    [true, false].map((flowCollectionPadding) => ({ lineWidth: 0, indent, indentSeq, flowCollectionPadding })),
  ),
);

/**
 * The author's style: the options whose output is nearest to the text. New parts are written in
 * that style.
 */
function formatOf(text: string, document: Document): ToStringOptions {
  const lines = new Set(text.split('\n'));
  const strangers = (options: ToStringOptions) =>
    document
      .toString(options)
      .split('\n')
      .filter((line) => !lines.has(line)).length;
  return candidates.map((options) => ({ options, count: strangers(options) })).sort((a, b) => a.count - b.count)[0]
    ?.options as ToStringOptions;
}
