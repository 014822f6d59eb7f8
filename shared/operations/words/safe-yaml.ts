import { Document, isCollection, isScalar, Scalar, visit } from 'yaml';
import { escaped, isPrintable } from './text.ts';

/**
 * YAML that shows every character. Characters that a terminal would drop or obey are escaped, so
 * pasted text still matches.
 * @param isFlow in one line: `{ kind: header, header: x-secret }`
 */
export function safeYaml(value: unknown, { isFlow = false } = {}): string {
  const document = new Document(value);
  if (isFlow && isCollection(document.contents)) document.contents.flow = true;
  visit(document, (_key, node) => {
    if (isScalar(node) && typeof node.value === 'string' && !isPrintable(node.value)) node.type = Scalar.QUOTE_DOUBLE;
  });
  const text = document.toString({ lineWidth: 0, indentSeq: false, doubleQuotedMinMultiLineLength: 10_000 }).trimEnd();
  return [...text]
    .map((character) => (character === '\n' || isPrintable(character) ? character : escaped(character)))
    .join('');
}
