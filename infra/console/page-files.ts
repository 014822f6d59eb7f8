import { createHash } from 'node:crypto';
import { canonicalJson } from '../../shared/core/json/canonical-json.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';

/**
 * Which state of the configuration files a page left behind. What a page saves is committed in the
 * page, after a look; so the local runtime does not make it live by itself, as it does with what
 * other editors save.
 */
export type PageFiles = {
  /** Carries out a request that may write files. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
  /**
   * Whether the files are as a page left them. Waits for requests that are being carried out, since
   * one that has written its file may not have answered yet.
   */
  areAsLeft(): Promise<boolean>;
};

export function makePageFiles(directory: string): PageFiles {
  const contentNow = () =>
    createHash('sha256')
      .update(canonicalJson(readConfigurationFiles(directory).snapshot))
      .digest('hex');
  const running = new Set<Promise<unknown>>();
  let left: string | undefined;
  return {
    async during(work) {
      const before = contentNow();
      const done = work();
      const ended = done.catch(() => undefined);
      running.add(ended);
      try {
        return await done;
      } finally {
        const after = contentNow();
        if (after !== before) left = after;
        running.delete(ended);
      }
    },
    async areAsLeft() {
      while (running.size > 0) await Promise.all(running);
      const isLeft = left === contentNow();
      // Who then edits a file back to this state means it as any other edit.
      if (!isLeft) left = undefined;
      return isLeft;
    },
  };
}
