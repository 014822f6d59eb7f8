import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { own } from '../../../core/json/values.ts';

/**
 * The known base of a folder's files: the commit that was live then, and each resource's content
 * that their author knew. Live content that is in neither was committed since.
 */
const FileBase = z.object({
  commit: z.string(),
  /** `source/shop` → hashes of the live content and of the files' content. */
  known: z.record(z.string(), z.array(z.string())),
});
export type FileBase = z.infer<typeof FileBase>;

const Stored = z.record(z.string(), z.record(z.string(), FileBase));

/**
 * The bases of a checkout, by folder and environment. Losing them loses a warning, but no content.
 */
export type FileBases = {
  read(directory: string, environment: string): FileBase | undefined;
  write(directory: string, environment: string, base: FileBase): void;
};

/** @param path a file that git ignores; it's made at the first write */
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
      // Written completely or not at all, even beside other writers.
      const fresh = `${path}.${process.pid}`;
      writeFileSync(fresh, JSON.stringify(next));
      renameSync(fresh, path);
    },
  };
}
