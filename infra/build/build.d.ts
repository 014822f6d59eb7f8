/** The checkout's folder, with a slash at its end. */
export const root: string;
export const outputFolder: string;
/**
 * The path of an entry's bundle. The entry is named by its path in the checkout:
 * `infra/cli/main.ts`.
 */
export function builtFile(entry: string): string;
/**
 * Builds the group of `entry` if it is missing or older than its sources. Answers the path of the
 * entry's bundle.
 * @throws Error with esbuild's messages when a source does not compile
 */
export function ensureBuilt(entry: string): Promise<string>;
/** Builds all groups that are missing or older than their sources. */
export function ensureAllBuilt(): Promise<void>;
/**
 * Bundles `entry` into a separate file, as if the files in `changed` (by path in the checkout) had
 * these texts. Answers that file, which the caller removes.
 */
export function buildChanged(entry: string, changed: ReadonlyMap<string, string>): Promise<string>;
