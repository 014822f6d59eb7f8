import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join, relative } from 'node:path';

export type FileWatch = { stop(): void };

// Editors write a file in several steps, and git many files.
const settleMs = 80;

/**
 * Reports files below `roots` (folders or single files) that were written, made or removed, by
 * their paths in `base`, shortly after the last change of a series. It watches each folder
 * separately, because on Linux Node 20 misses changes in new folders.
 */
export function watchFiles(base: string, roots: readonly string[], onChange: (paths: string[]) => void): FileWatch {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  function tell(): void {
    // Folders may have been added or removed.
    for (const root of roots) add(join(base, root));
    const paths = [...changed].sort();
    changed.clear();
    onChange(paths);
  }

  function note(path: string): void {
    const name = path.slice(path.lastIndexOf('/') + 1);
    // Lock files and copies of editors.
    if (name.startsWith('.') || name.endsWith('~') || !/\.(ts|js|json|ya?ml)$/i.test(name)) return;
    changed.add(relative(base, path));
    clearTimeout(timer);
    timer = setTimeout(tell, settleMs);
  }

  function add(path: string): void {
    let isFolder: boolean;
    try {
      isFolder = statSync(path).isDirectory();
    } catch {
      return;
    }
    if (!watchers.has(path)) {
      const watcher = watch(path, (_event, name) => note(isFolder ? join(path, String(name)) : path));
      const forget = () => {
        watcher.close();
        watchers.delete(path);
      };
      watcher.on('error', forget);
      watchers.set(path, watcher);
    }
    if (!isFolder) return;
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) add(join(path, entry.name));
    }
  }

  for (const root of roots) add(join(base, root));
  return {
    stop() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
