import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { refText, resourceHash } from '../../core/configuration/resources.ts';
import { type Snapshot, SourceFile, WorkflowFile } from '../../core/configuration/schema.ts';
import type { Verification } from '../../core/configuration/verification.ts';
import { own } from '../../core/json/values.ts';
import type { DefaultMapping, GuidedKind } from '../../core/sources/guide.ts';
import { type Checkout, placeOf } from '../configuration/checkout.ts';
import { type Addition, commitAdditions, planAdditions } from '../configuration/commit-additions.ts';
import { commitTermsOf } from '../configuration/commit-terms.ts';
import { type ConfigurationFiles, readConfigurationFiles } from '../configuration/files/configuration-files.ts';
import { withEmptyList } from '../configuration/files/empty-list.ts';
import { readYaml } from '../configuration/files/read-yaml.ts';
import { readSeen } from '../configuration/live-content.ts';
import { objectionWords } from '../configuration/objections.ts';
import type { Environment } from '../environment.ts';
import { failure, Refusal, usageError } from '../refusal.ts';
import { didYouMean } from '../words/did-you-mean.ts';
import { unknownKind } from './kind-row.ts';
import { chooseMappings, type PlannedFile, planNewSource, type WrittenFile, workflowsOf } from './new-source.ts';
import { sourceGuide, sourceGuides } from './source-guides.ts';

/** A source as a person wants it. */
export type WantedSource = {
  kind: string;
  key: string;
  /** For people. Absent: the kind's title. */
  name?: string | undefined;
  /** Ids of default mappings. Absent: those that are not optional. */
  mappings?: readonly string[] | undefined;
  verification?: Verification | undefined;
};

/** Why a source cannot be added as it is wanted, and what would be right. */
export type AddObstacle = {
  /**
   * `key`: it cannot be one. `is_live`: the source is there. `not_live`: its file is there and is not
   * live. `behind`: this checkout lacks what is live. `other`: another one.
   */
  kind: 'key' | 'is_live' | 'not_live' | 'behind' | 'other';
  what: string;
  remedies: string[];
};

export type AddPlan = {
  files: PlannedFile[];
  obstacles: AddObstacle[];
};

type Place = { environment: Environment; checkout: Checkout };
type Planned = AddPlan & { additions: Addition[]; files: PlannedFile[]; read: ConfigurationFiles };

/**
 * What adding a source would write, and what stands against it. Reads only.
 * @throws Refusal for an unknown kind or default mapping, and for files with errors
 */
export async function planAddedSource(place: Place, wanted: WantedSource): Promise<AddPlan> {
  const { files, obstacles } = await plan(place, wanted);
  return { files, obstacles };
}

export type AddedSource = {
  key: string;
  files: WrittenFile[];
  version: number;
  /** Null: another program had made the files live already. */
  id: string | null;
};

/**
 * Writes the files of a new source and makes them live, beside whatever else the files, the draft or
 * the environment hold. Its secret comes afterwards: until then requests may be answered 503. What is
 * refused leaves no file behind.
 * @throws Refusal with every obstacle; ConfigurationConflict when other commits are faster each time
 */
export async function addSource(
  place: Place,
  wanted: WantedSource,
  about: { author: string; message: string; nowMs: number },
): Promise<AddedSource> {
  const { environment, checkout } = place;
  const { files, obstacles, additions, read } = await plan(place, wanted);
  if (obstacles.length > 0)
    throw failure(
      obstacles.map(({ what }) => what),
      ...obstacles.flatMap(({ remedies }) => remedies),
    );
  const written: string[] = [];
  const takeBack = () => {
    for (const path of written) rmSync(path, { force: true });
  };
  try {
    for (const { path, text } of files) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: 'wx' });
      written.push(path);
    }
  } catch (error) {
    takeBack();
    const { code } = error as { code?: string };
    throw failure(
      `the files of ${wanted.key} cannot be written to ${checkout.directory} (${code})`,
      'nothing was changed',
    );
  }
  const seed = own(read.environments, environment.name);
  // Another error says nothing about what became of the commit, so the files stay for the next try.
  const committed = await commitAdditions(environment.configuration, {
    additions,
    seed,
    terms: commitTermsOf(environment, ['secret_missing']),
    ...about,
  });
  if (committed.kind !== 'committed') {
    takeBack();
    if (committed.kind === 'taken')
      throw failure(`${committed.refs.map(refText).join(', ')} was committed meanwhile`, 'look again');
    const words = committed.objections.map((objection) => objectionWords(objection, environment.name));
    throw failure(
      words.map(({ what }) => what),
      ...words.flatMap(({ remedies }) => remedies),
    );
  }
  rememberAdded(place, read, additions);
  const { version, id } = committed;
  return { key: wanted.key, files: files.map(({ path, kind }) => ({ path, kind })), version, id };
}

/** A later push of these files may change what they added. */
function rememberAdded(
  { environment, checkout }: Place,
  { directory }: ConfigurationFiles,
  additions: Addition[],
): void {
  const base = checkout.bases.read(directory, placeOf(environment));
  // Without a base, files are compared with the history, which names who committed what.
  if (base === undefined) return;
  const added = additions.map((one): [string, string[]] => [refText(one), [resourceHash(one.content) ?? '']]);
  checkout.bases.write(directory, placeOf(environment), {
    ...base,
    known: { ...base.known, ...Object.fromEntries(added) },
  });
}

async function plan({ environment, checkout }: Place, wanted: WantedSource): Promise<Planned> {
  const guided = await sourceGuide(wanted.kind);
  if (guided === undefined) throw unknownKind(wanted.kind, await sourceGuides());
  const read = readConfigurationFiles(checkout.directory);
  if (read.problems.some(({ severity }) => severity === 'error'))
    throw failure('the configuration files have errors; nothing can be added until they are right');
  const mappings = mappingsOf(guided, wanted.mappings);
  const { key, name, verification } = wanted;
  const none = { read, files: [], additions: [] };
  let files: PlannedFile[];
  try {
    files = planNewSource({ key, kind: guided, name, verification, mappings, directory: read.directory });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...none, obstacles: [await keyObstacle(environment, key, error)] };
  }
  const { snapshot: live } = await readSeen(environment.configuration);
  const additions = [...additionsOf(files, key), ...waitingWorkflows(mappings, read.snapshot, live)];
  const terms = commitTermsOf(environment, ['secret_missing']);
  const seed = own(read.environments, environment.name);
  const { taken, objections } = await planAdditions(environment.configuration, { additions, seed, terms });
  const obstacles: AddObstacle[] = [
    ...taken.map(
      (ref): AddObstacle => ({
        kind: 'behind',
        what: `${refText(ref)} is live in ${environment.name} and is not in these files`,
        remedies: [
          'bring it into your files first: git pull, or npx signalbox config pull',
          ...(ref.type === 'source' ? ['or take another key'] : []),
        ],
      }),
    ),
    ...objections.map((objection): AddObstacle => {
      const { what, remedies } = objectionWords(objection, environment.name);
      return { kind: 'other', what, remedies };
    }),
  ];
  return { read, files, additions, obstacles };
}

/** The default mappings of these ids, in the guide's order. */
function mappingsOf(guided: GuidedKind, ids: readonly string[] | undefined): DefaultMapping[] {
  if (ids === undefined) return chooseMappings(guided, {});
  const all = guided.guide.defaultMappings;
  const known = all.map(({ mapping }) => mapping.id);
  for (const id of ids)
    if (!known.includes(id))
      throw usageError(`${guided.kind.id} has no default mapping "${id}"${didYouMean(id, known)}`);
  return all.filter(({ mapping }) => ids.includes(mapping.id));
}

/** The key cannot be taken: why, and whether it is this source's own file that is in the way. */
async function keyObstacle(environment: Environment, key: string, refusal: Refusal): Promise<AddObstacle> {
  const [what = ''] = refusal.lines;
  if (refusal.kind === 'invalid') return { kind: 'key', what, remedies: [...refusal.remedies] };
  const { snapshot: live } = await readSeen(environment.configuration);
  const isLive = own(live.sources, key) !== undefined;
  return isLive
    ? {
        kind: 'is_live',
        what: `${what}, and the source is live`,
        remedies: ['a second source of one kind takes a key of its own'],
      }
    : { kind: 'not_live', what: `${what}, and is not live`, remedies: ['commit it, or take another key'] };
}

/** What the texts say, as a commit takes it. They were just made, so anything wrong is a bug. */
function additionsOf(files: readonly PlannedFile[], source: string): Addition[] {
  return files.map(({ path, kind, text }): Addition => {
    const result = readYaml(Buffer.from(text));
    if (result.kind === 'wrong') throw new Error(`${path} would not be valid: ${result.problems[0]?.message}`);
    const content = withEmptyList(result.yaml.content);
    if (kind === 'source') return { type: 'source', key: source, content: SourceFile.parse(content) };
    const key = /([^/\\]+)\.yaml$/.exec(path)?.[1] ?? '';
    return { type: 'workflow', key, content: WorkflowFile.parse(content) };
  });
}

/** Workflows that its mappings start and that have files, but are not live yet. */
function waitingWorkflows(mappings: readonly DefaultMapping[], files: Snapshot, live: Snapshot): Addition[] {
  return workflowsOf(mappings).flatMap((key): Addition[] => {
    const content = own(files.workflows, key);
    const isWaiting = content !== undefined && own(live.workflows, key) === undefined;
    return isWaiting ? [{ type: 'workflow', key, content }] : [];
  });
}
