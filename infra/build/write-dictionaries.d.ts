/** Words that typical texts are made of, as JSON documents without values; the likeliest document is the last. */
export type VocabularyFile = { of: string; shapes: unknown[] };

export type Dictionary = { id: number; of: string; text: string };

export const dictionaryBytesMax: number;

export function dictionaryText(vocabulary: VocabularyFile): string;

export function newDictionaries(vocabularies: VocabularyFile[], known: Dictionary[]): Dictionary[];
