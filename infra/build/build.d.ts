/** The checkout's folder, with a slash at its end. */
export const root: string;
export const outputFolder: string;
/** Where the bundle of an entry lies, named by its path in the checkout: `infra/cli/main.ts`. */
export function builtFile(entry: string): string;
/**
 * Builds the group that `entry` is in when it is missing or older than its sources; answers where the entry's bundle is.
 * @throws Error with esbuild's messages when a source does not compile
 */
export function ensureBuilt(entry: string): Promise<string>;
/** Builds all groups that are missing or older than their sources. */
export function ensureAllBuilt(): Promise<void>;
/**
 * Bundles `entry` as it would be if the files in `changed` (by path in the checkout) had these texts, into a file of its own.
 * Answers that file, which the caller removes.
 */
export function buildChanged(entry: string, changed: ReadonlyMap<string, string>): Promise<string>;
