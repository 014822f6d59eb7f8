/**
 * Builds the console's page when it is missing or older than its sources; answers its folder.
 * @throws Error with esbuild's messages when a source does not compile
 */
export function ensurePageBuilt(): Promise<string>;

/** A file of the page: its bytes compressed, as the console sends it, and as a browser reads it. */
export type PagePart = { file: string; bytes: number; rawBytes: number };

/** What a browser loads before it shows something. */
export function firstLoad(): Promise<PagePart[]>;

/** What it loads when the mapping editor is opened; without what is there already. */
export function editorLoad(): Promise<PagePart[]>;

/** The same for each page, by the name of its file. A part that pages share is in each list. */
export function pageLoads(): Promise<Record<string, PagePart[]>>;

/** Names of files in the page's folder, by what needs them; a page's own are those beyond the first ones. */
export type PageParts = { first: string[]; editor: string[]; pages: Record<string, string[]> };

export function pageParts(): Promise<PageParts>;
