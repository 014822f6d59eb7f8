import type { BuildOptions, Metafile, Plugin } from 'esbuild';

/** What is deployed of one function. Its files are named by their paths in the checkout. */
export type FunctionBundle = {
  /** `functions/ingest/handler.ts` */
  entry: string;
  /**
   * Modules that the function imports only when needed, as its code spells them, with the names
   * that it imports from each.
   */
  loadedWhenUsed: Readonly<Record<string, readonly string[]>>;
  /** Files that it starts as separate processes, or imports when they are needed. */
  startedWhenUsed: readonly string[];
};

/** esbuild's options for the main file of every function. */
export const handlerOptions: BuildOptions;

/** What leaves out of that file what functions never use of the SDK and of zod. */
export const savings: Plugin[];

/**
 * Writes a function's `index.mjs` and its source map into `folder`; answers what esbuild says of
 * it. The map leads only to our own files. Beside it come:
 *
 * - each module of `loadedWhenUsed`, which Node finds by the module's name at its `import()`.
 *   (esbuild's splitting would also take what both use out of the main file, so that a cold start
 *   loads several files.)
 * - each file of `startedWhenUsed`, with all its imports: `x/name.ts` becomes `name.mjs`.
 *
 * @throws Error whose `errors` are esbuild's messages, which it has written to stderr, when a source
 * does not compile
 */
export function bundleFunction(bundle: FunctionBundle, folder: string): Promise<Metafile>;
