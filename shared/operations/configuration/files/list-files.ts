import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nearestName } from '../../words/did-you-mean.ts';
import type { ConfigurationProblem, FileKind } from './problem.ts';

/** One file of the configuration. `file` is its path as shown to people. */
export type ListedFile = { kind: FileKind; key: string; file: string; bytes: Uint8Array };

type Problem = ConfigurationProblem;
const error = (file: string, message: string): Problem => ({ severity: 'error', file, path: '', message });
const warning = (file: string, message: string): Problem => ({ severity: 'warning', file, path: '', message });

/**
 * The files of a configuration folder, and what is wrong with the folder: it's missing, it's one
 * level too high or too deep, it has no source, or it has files that would be ignored silently. A
 * mistyped folder looks as if everything had been removed, so it's always an error.
 */
export function listFiles(directory: string, kinds: readonly FileKind[]): { files: ListedFile[]; problems: Problem[] } {
  const inside = entriesOf(directory);
  if ('problem' in inside) return { files: [], problems: [error(directory, missingFolder(directory, inside.problem))] };
  const folders = kinds.filter((kind) => inside.entries.some(({ name }) => name === kind));
  if (folders.length === 0) return { files: [], problems: [error(directory, wrongLevel(directory, kinds))] };
  const problems = inside.entries.flatMap((entry) => strayEntry(directory, entry, kinds));
  const files = folders.flatMap((kind) => filesOf(directory, kind, problems));
  if (!files.some(({ kind }) => kind === 'sources') && !problems.some(({ severity }) => severity === 'error'))
    problems.push(
      error(
        join(directory, 'sources'),
        'has no source; a configuration has one at least: npx signalbox sources add KIND',
      ),
    );
  return { files, problems };
}

type Entries = { entries: Dirent[] } | { problem: string };

function entriesOf(directory: string): Entries {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return { entries: entries.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  } catch (problem) {
    return { problem: (problem as NodeJS.ErrnoException).code ?? String(problem) };
  }
}

function missingFolder(directory: string, code: string): string {
  if (code === 'ENOTDIR') return 'is a file; name the folder that has sources, workflows and environments in it';
  if (code !== 'ENOENT') return `cannot be read (${code})`;
  const parent = dirname(directory);
  const around = entriesOf(parent);
  const names =
    'entries' in around ? around.entries.filter((entry) => entry.isDirectory()).map(({ name }) => name) : [];
  const near = nearestName(basename(directory), names);
  return `is not there; ${near === undefined ? 'name the folder of the configuration with --dir' : `did you mean ${join(parent, near)}?`}`;
}

/** The path is beside or above the right folder; the message names that one. */
function wrongLevel(directory: string, kinds: readonly FileKind[]): string {
  const meant = folderMeant(directory);
  const hint = meant === undefined ? 'it is not a folder of configuration files' : `did you mean ${meant}?`;
  return `has none of the folders ${kinds.join(', ')}; ${hint}`;
}

/**
 * The configuration folder up to two levels below, or directly above, one without sources;
 * undefined if there is none. Only YAML counts: a folder `sources` may hold code or pages.
 */
export function folderMeant(directory: string): string | undefined {
  const hasSources = (folder: string) => holdsYaml(join(folder, 'sources'));
  const foldersIn = (folder: string) => {
    const inside = entriesOf(folder);
    const entries = 'entries' in inside ? inside.entries : [];
    return entries
      .filter((entry) => entry.isDirectory() && !notOfAnAuthor.test(entry.name))
      .map(({ name }) => join(folder, name));
  };
  if (hasSources(directory)) return undefined;
  const inside = foldersIn(directory);
  const below = inside.find(hasSources) ?? inside.flatMap(foldersIn).find(hasSources);
  if (below !== undefined) return below;
  const above = join(directory, '..');
  // The folder around a checkout is not part of it.
  return Object.hasOwn(folderNames, basename(directory)) && hasSources(above) ? above : undefined;
}

/** Hidden folders and installed packages: other people's. */
const notOfAnAuthor = /^\.|^node_modules$/;

const folderNames: Record<FileKind, true> = { sources: true, workflows: true, audiences: true, environments: true };

/** Files and folders beside the four folders. Others are the author's own. */
function strayEntry(directory: string, entry: Dirent, kinds: readonly FileKind[]): Problem[] {
  const path = join(directory, entry.name);
  const isKind = kinds.some((kind) => kind === entry.name);
  if (isKind || isEditorsOwn(entry.name)) return [];
  if (yamlName.test(entry.name)) return [error(path, `is not read; files lie in ${kinds.join('/, ')}/`)];
  const near = nearestName(entry.name, kinds);
  if (near === undefined || !entry.isDirectory() || kinds.some((kind) => kind === entry.name)) return [];
  return holdsYaml(path) ? [error(path, `is not read; did you mean ${near}?`)] : [];
}

const yamlName = /\.ya?ml$/i;

/**
 * Lock, swap and backup files of editors and operating systems. They come and go, and are not part
 * of the configuration.
 */
const isEditorsOwn = (name: string) => /^\.|^#.*#$|~$|\.(?:swp|swo|bak|orig|rej|tmp)$/i.test(name);

function holdsYaml(directory: string): boolean {
  const inside = entriesOf(directory);
  return 'entries' in inside && inside.entries.some(({ name }) => yamlName.test(name) && !isEditorsOwn(name));
}

function filesOf(directory: string, kind: FileKind, problems: Problem[]): ListedFile[] {
  const folder = join(directory, kind);
  const inside = entriesOf(folder);
  if ('problem' in inside) {
    const what =
      inside.problem === 'ENOTDIR'
        ? `is a file; it has to be a folder, with a file KEY.yaml in it`
        : `cannot be read (${inside.problem})`;
    problems.push(error(folder, what));
    return [];
  }
  const found = new Map<string, ListedFile>();
  for (const entry of inside.entries) {
    const file = join(folder, entry.name);
    if (isEditorsOwn(entry.name)) continue;
    if (!/\.ya?ml$/.test(entry.name)) {
      problems.push(...notRead(file, entry, kind));
      continue;
    }
    const key = entry.name.replace(/\.ya?ml$/, '');
    const twin = found.get(key);
    const read = readWhole(file);
    if ('problem' in read) problems.push(error(file, read.problem));
    else if (twin !== undefined)
      problems.push(error(file, `has the key of ${basename(twin.file)}; keep one of the two files`));
    else found.set(key, { kind, key, file, bytes: read.bytes });
  }
  return [...found.values()];
}

/** A file that looks like a configuration file. */
function notRead(file: string, entry: Dirent, kind: FileKind): Problem[] {
  const right = entry.name.replace(/\.(?:ya?ml|json)(?:\.txt)?$/i, '.yaml');
  if (entry.isDirectory()) {
    const message = `is not read: files lie in ${kind}/ itself; move them up, as ${kind}/${entry.name}-KEY.yaml`;
    return holdsYaml(file) ? [error(file, message)] : [];
  }
  if (yamlName.test(entry.name)) return [error(file, `is not read; the name has to end in .yaml: ${right}`)];
  return right === entry.name ? [] : [warning(file, `is not read; is it meant to be ${right}?`)];
}

function readWhole(file: string): { bytes: Uint8Array } | { problem: string } {
  try {
    // Reading a pipe would wait for ever.
    const found = statSync(file);
    if (found.isDirectory()) return { problem: 'is a folder, and has to be a file; rename or remove it' };
    if (!found.isFile()) return { problem: 'is not a file that can be read' };
    return { bytes: readFileSync(file) };
  } catch (problem) {
    const { code } = problem as NodeJS.ErrnoException;
    return { problem: code === 'ENOENT' ? 'is a link to a file that is not there' : `cannot be read (${code})` };
  }
}
