import { dirname, join } from 'node:path';
import { root } from '../build/build.js';
import type { FunctionBundle } from '../build/bundle-function.js';
import type { FunctionHost } from './function-host.ts';
import { readBundles, rebundle, sourcesOf } from './rebundle.ts';
import type { FunctionResource } from './resources/function.ts';
import { type FileWatch, watchFiles } from './watch-files.ts';

/** The running stacks at the time of a change. */
export type Watched = {
  /** Each stack with its cloud assembly. */
  functions: { definition: FunctionResource; host: FunctionHost; outdir: string }[];
};

export type WatchOptions = {
  watched(): Watched;
  /**
   * Validates the files and makes them live; answers the message.
   * @throws Error that lists the problems
   */
  configure(): Promise<string>;
  /**
   * Synthesizes again and runs the new template.
   * @throws Error; the previous version still runs
   */
  resynthesize(): Promise<string>;
  onChange(line: string): void;
  onProblem(line: string): void;
};

/** Which of the three a changed file needs; undefined: none. */
export function effectOf(path: string): 'code' | 'configuration' | 'template' | undefined {
  if (path.startsWith('infra/config/')) return /\.ya?ml$/i.test(path) ? 'configuration' : undefined;
  if (templateFiles.test(path)) return 'template';
  return /^(functions|shared)\/.*\.ts$/.test(path) ? 'code' : undefined;
}

// The tables are defined once, for the stack and for the adapters.
const templateFiles =
  /^(cdk\.json|infra\/constructs\/.*\.ts|infra\/[^/]+\.ts|shared\/adapters\/table-definitions\.ts)$/;
const roots = ['functions', 'shared', 'infra/config', 'infra/constructs', 'infra', 'cdk.json'];

/**
 * Keeps the running stacks like the files. A changed function is bundled again and its workers
 * swapped; changed configuration is committed; only a change of the stack itself synthesizes again.
 * A file that does not compile, validate or load is reported and changes nothing.
 */
export function startWatch(options: WatchOptions): FileWatch {
  const { onChange, onProblem } = options;
  let made = 0;
  let turn: Promise<void> = Promise.resolve();
  /**
   * Functions whose sources have changed since they were bundled. A failed one is tried again at
   * the next change.
   */
  const stale = new Set<string>();

  async function take(paths: string[]): Promise<void> {
    const startedMs = performance.now();
    const changed = { code: [] as string[], configuration: [] as string[], template: [] as string[] };
    for (const path of paths) {
      const effect = effectOf(path);
      if (effect !== undefined) changed[effect].push(path);
    }
    const attempt = async (files: string[], work: () => Promise<string | undefined>) => {
      if (files.length === 0) return;
      const what = files.length > 3 ? `${files.slice(0, 3).join(', ')} and ${files.length - 3} more` : files.join(', ');
      try {
        const said = await work();
        if (said !== undefined) onChange(`${what}: ${said} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
      } catch (error) {
        onProblem(`${what}: not taken; what ran before still runs.\n${(error as Error).message}`);
      }
    };
    if (changed.template.length > 0) await attempt(changed.template, () => options.resynthesize());
    else await attempt(changed.code, () => swap(changed.code));
    await attempt(changed.configuration, () => options.configure());
  }

  async function swap(changed: string[]): Promise<string | undefined> {
    const { functions } = options.watched();
    for (const { definition, outdir } of functions) {
      const sources = sourcesOf(definition);
      // Files beside a bundle have no source map: any change of what they can import counts.
      const beside = bundleOf(outdir, sources)?.startedWhenUsed ?? [];
      const mayBeBeside = (path: string) =>
        beside.length > 0 && (path.startsWith('shared/') || beside.some((file) => dirname(file) === dirname(path)));
      if (changed.some((path) => sources.includes(path) || mayBeBeside(path))) stale.add(definition.name);
    }
    const affected = functions.filter(({ definition }) => stale.has(definition.name));
    if (affected.length === 0) return undefined;
    made++;
    // All are bundled before any is swapped, so that functions that talk to each other change
    // together.
    const bundles = await Promise.all(
      affected.map(async ({ definition, host, outdir }) => {
        const bundle = bundleOf(outdir, sourcesOf(definition));
        if (bundle === undefined)
          throw new Error(`${definition.name} was not bundled here; start again to take changes`);
        const folder = join(outdir, 'watched', String(made), definition.name);
        return { definition, host, file: await rebundle(bundle, folder) };
      }),
    );
    for (const { definition, host, file } of bundles) {
      await host.replace(file);
      definition.file = file;
      stale.delete(definition.name);
    }
    return `live in ${affected.map(({ definition }) => definition.name).join(', ')}`;
  }

  return watchFiles(root, roots, (paths) => {
    turn = turn.then(() => take(paths));
  });
}

function bundleOf(outdir: string, sources: string[]): FunctionBundle | undefined {
  return readBundles(outdir).find(({ entry }) => sources.includes(entry));
}
