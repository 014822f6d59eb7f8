export type SourceMapText = { sources: string[]; names: string[]; mappings: string };
/** The part of a source map that is about files outside node_modules, with its names and columns. */
export function ownPartOf(map: SourceMapText): SourceMapText & { version: 3 };
