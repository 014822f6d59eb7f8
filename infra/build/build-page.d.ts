/**
 * Builds the console's page when it is missing or older than its sources; answers its folder.
 * @throws Error with esbuild's messages when a source does not compile
 */
export function ensurePageBuilt(): Promise<string>;

/** Bytes of what a browser loads before it shows something, compressed as the console sends it. */
export function firstLoad(): Promise<{ file: string; bytes: number }[]>;

/** The same of the mapping editor, which is loaded when it is opened; without what is there already. */
export function editorLoad(): Promise<{ file: string; bytes: number }[]>;
