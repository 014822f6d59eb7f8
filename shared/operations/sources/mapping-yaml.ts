import { Document, isCollection, isMap, isSeq } from 'yaml';
import type { DefaultMapping } from '../../core/sources/guide.ts';

/**
 * A default mapping as lines of a source's file, an element of its list, with one parameter per
 * line.
 */
export function mappingYaml(mapping: DefaultMapping['mapping']): string[] {
  const document = new Document([mapping]);
  const [element] = isSeq(document.contents) ? document.contents.items : [];
  const parameters = isMap(element) ? element.get('parameters') : undefined;
  for (const pair of isMap(parameters) ? parameters.items : []) if (isCollection(pair.value)) pair.value.flow = true;
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: true }).trimEnd();
  // As people write it: { first: [a, b] }.
  return text.replaceAll(/\[ ([^[\]]*) \]/g, '[$1]').split('\n');
}
