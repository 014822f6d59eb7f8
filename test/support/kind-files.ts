/** What a checkout holds of files about kinds of source, each by its path from the root. */
export type KindFiles = {
  /** Ids in the listing, in its order. */
  listed: readonly string[];
  /** Every file below shared/core/sources, test/fixtures/sources and docs/sources. */
  files: readonly string[];
  /** What the guide file of a kind exports, by the id of the kind. */
  exportsGuide(id: string): boolean;
};

const folder = 'shared/core/sources';
const listing = `${folder}/index.ts`;
/** Files in the folder of kinds that are not kinds. */
const engine = ['guide.ts', 'index.ts', 'normalize.ts', 'source.ts'];

/** What is missing until every kind is whole: each sentence names the file that wants something, and what. */
export function missingFromKinds({ listed, files, exportsGuide }: KindFiles): string[] {
  const isThere = (path: string) => files.includes(path);
  const kinds = files.flatMap((path) => {
    const name = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : '/';
    return name.includes('/') || !name.endsWith('.ts') || name.endsWith('.guide.ts') || engine.includes(name)
      ? []
      : [name.slice(0, -'.ts'.length)];
  });
  const twice = listed.filter((id, i) => listed.indexOf(id) !== i);
  return [
    ...kinds
      .filter((id) => !listed.includes(id))
      .map((id) => `${listing} does not list the kind of ${folder}/${id}.ts`),
    ...twice.map((id) => `${listing} lists "${id}" twice`),
    ...listed.flatMap((id) => {
      const guide = `${folder}/${id}.guide.ts`;
      const fixtures = `test/fixtures/sources/${id}/`;
      const pairs = files.filter(
        (path) =>
          path.startsWith(fixtures) &&
          path.endsWith('.expected.json') &&
          isThere(path.replace('.expected.json', '.json')),
      ).length;
      return [
        ...(kinds.includes(id) ? [] : [`${folder}/${id}.ts is missing: a kind's file is called after its id, "${id}"`]),
        ...(isThere(guide)
          ? exportsGuide(id)
            ? []
            : [`${guide} has to export \`guide\`, a SourceGuide`]
          : [`${guide} is missing: it exports \`guide\`, what people need to know about the kind`]),
        ...(pairs >= 2
          ? []
          : [`${fixtures} wants two pairs NAME.json and NAME.expected.json or more; it has ${pairs}`]),
        ...(isThere(`docs/sources/${id}.md`) ? [] : [`docs/sources/${id}.md is missing: npm run docs writes it`]),
      ];
    }),
    ...files
      .filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.guide.ts') && !path.includes('/parts/'))
      .map((path) => path.slice(folder.length + 1, -'.guide.ts'.length))
      .filter((id) => !listed.includes(id) && !kinds.includes(id))
      .map((id) => `${folder}/${id}.guide.ts has no kind beside it: ${folder}/${id}.ts is missing`),
  ];
}
