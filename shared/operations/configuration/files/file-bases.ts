import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { own } from '../../../core/json/values.ts';

/**
 * What the files of a folder were last known to come from: the commit that was live then, and of each resource the content
 * that its author knew. What is live and in neither was committed since.
 */
const FileBase = z.object({
  commit: z.string(),
  /** `source/shop` → hashes of content: what was live, and what the files said. */
  known: z.record(z.string(), z.array(z.string())),
});
export type FileBase = z.infer<typeof FileBase>;

const Stored = z.record(z.string(), z.record(z.string(), FileBase));

/** Where a checkout remembers it, by folder and environment. Losing it loses a warning, and no content. */
export type FileBases = {
  read(directory: string, environment: string): FileBase | undefined;
  write(directory: string, environment: string, base: FileBase): void;
};

/** @param path a file that git ignores; it's made when something is remembered */
export function fileBasesAt(path: string): FileBases {
  const all = (): z.infer<typeof Stored> => {
    try {
      const stored = Stored.safeParse(JSON.parse(readFileSync(path, 'utf8')));
      return stored.success ? stored.data : {};
    } catch {
      return {};
    }
  };
  return {
    read: (directory, environment) => own(own(all(), resolve(directory)) ?? {}, environment),
    write(directory, environment, base) {
      const stored = all();
      const folder = resolve(directory);
      const next = { ...stored, [folder]: { ...own(stored, folder), [environment]: base } };
      mkdirSync(dirname(path), { recursive: true });
      // Whole or not at all, whoever else writes.
      const fresh = `${path}.${process.pid}`;
      writeFileSync(fresh, JSON.stringify(next));
      renameSync(fresh, path);
    },
  };
}
