import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { canonicalJson } from '../../shared/core/json/canonical-json.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { isAlive } from '../is-alive.ts';

/*
 * What a page saves is committed in the page, after a look; so a run that watches the files does not
 * make it live by itself, as it does with what other editors save. A console and the run may be two
 * processes: each console keeps a note of its own in a folder, and the run reads them all.
 * docs/decisions/0102.
 */

/** In this checkout, whichever data a run of it uses; git ignores it. */
export const pageFilesFolder = fileURLToPath(new URL('../../.signalbox/page-files', import.meta.url));

const Note = z.object({
  pid: z.int().positive(),
  /** Of the configuration files, as an absolute path. */
  directory: z.string(),
  /** Absent: no request writes files at the moment. */
  writingSinceMs: z.number().optional(),
  /** The last state in which a page left the files. Leaving the same content again has another id. */
  left: z.object({ id: z.string(), hash: z.string() }).optional(),
});
type Note = z.infer<typeof Note>;

/** A console's side: it notes in which state its pages leave the files. */
export type PageFiles = {
  /** Carries out a request that may write files. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
};

/** @param folder where every console of the checkout keeps its note; it's made at the first request */
export function makePageFiles(directory: string, folder = pageFilesFolder): PageFiles {
  const path = join(folder, `${randomUUID()}.json`);
  let running = 0;
  let left: Note['left'];
  const note = () => {
    const about: Note = { pid: process.pid, directory: resolve(directory), ...(left && { left }) };
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // A reader finds it whole or not at all.
    writeFileSync(`${path}.new`, JSON.stringify({ ...about, ...(running > 0 && { writingSinceMs: Date.now() }) }));
    renameSync(`${path}.new`, path);
  };
  return {
    async during(work) {
      const before = contentNow(directory);
      running++;
      note();
      try {
        return await work();
      } finally {
        running--;
        const after = contentNow(directory);
        if (after !== before) left = { id: randomUUID(), hash: after };
        note();
      }
    },
  };
}

/** The side of a run that watches the files. */
export type LeftFiles = {
  /**
   * Whether the files are as a page of any console left them. Waits for requests that are being
   * carried out, since one that has written its file may not have answered yet.
   */
  areAsLeft(): Promise<boolean>;
};

/** No request that writes files takes as long. Another program may have the process id of a dead console. */
const writingMsMax = 60_000;

/** Made before the run makes the files live: what was left before that does not wait any more. */
export function makeLeftFiles(directory: string, folder = pageFilesFolder): LeftFiles {
  const notes = () => readNotes(folder).filter((note) => note.directory === resolve(directory));
  /** Ids of states that the files had and do not have any more. */
  const past = new Set<string>();
  for (const { path, pid, left } of notes()) {
    if (!isAlive(pid)) rmSync(path, { force: true });
    else if (left !== undefined) past.add(left.id);
  }
  const isWriting = ({ pid, writingSinceMs }: Note) =>
    writingSinceMs !== undefined && Date.now() - writingSinceMs < writingMsMax && isAlive(pid);
  return {
    async areAsLeft() {
      while (notes().some(isWriting)) await sleep(50);
      const now = contentNow(directory);
      const left = notes().flatMap((note) => (note.left === undefined ? [] : [note.left]));
      // Who later edits a file back to such a state means it as any other edit.
      for (const { id, hash } of left) if (hash !== now) past.add(id);
      return left.some(({ id }) => !past.has(id));
    },
  };
}

const contentNow = (directory: string) =>
  createHash('sha256')
    .update(canonicalJson(readConfigurationFiles(directory).snapshot))
    .digest('hex');

function readNotes(folder: string): (Note & { path: string })[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const path = join(folder, name);
      try {
        return [{ ...Note.parse(JSON.parse(readFileSync(path, 'utf8'))), path }];
      } catch {
        // It was removed meanwhile, or is of another version.
        return [];
      }
    });
}
