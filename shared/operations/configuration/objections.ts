import type { HistoryEntry } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { type ResourceChange, type ResourceRef, refText } from '../../core/configuration/resources.ts';
import type { EnvironmentFile, Snapshot } from '../../core/configuration/schema.ts';
import { failure, type Refusal } from '../refusal.ts';
import { formatTime } from '../words/times.ts';
import { type Capabilities, type UnknownNeed, unknownNeeds } from './capabilities.ts';
import type { RaceKind } from './force.ts';
import { lastCommitOf, type Seen } from './live-content.ts';
import { sourcesWithoutSecret } from './missing-secrets.ts';

/** Why content should not go live. Each objection names its subject. */
export type Objection =
  /**
   * Senders of a source that is gone get 404 and drop their events; triggers of a workflow that is
   * gone fail.
   */
  | { kind: 'removes_live'; refs: ResourceRef[] }
  /** The files are older than these commits and would undo them. */
  | { kind: 'stale_files'; conflicts: { ref: ResourceRef; commit: HistoryEntry | undefined }[] }
  /** The functions there can't use it: every request would get 503. */
  | { kind: 'not_known_there'; needs: UnknownNeed[] }
  /** Sources with enforced verification and no secret: each of their requests would get 503. */
  | { kind: 'secret_missing'; sources: string[] };
export type ObjectionKind = Objection['kind'];

/**
 * Objections that a person may override. Content that functions don't know would take all sources
 * down, so it's not among them.
 */
export const overridable: readonly ObjectionKind[] = ['removes_live', 'stale_files', 'secret_missing'];

/** Known facts about the content's environment; what is absent is not checked. */
export type CommitTerms = {
  /** Capabilities of the functions there. */
  capabilities?: Capabilities | undefined;
  isSecretSet?(name: string): Promise<boolean>;
  /** Objections that the committing person has already overridden. */
  allowed?: readonly ObjectionKind[];
};

/** All objections to making `content` live in place of what was seen, without allowed ones. */
export async function objectionsTo(
  { current, snapshot }: Seen,
  content: Snapshot,
  changes: readonly ResourceChange[],
  { seed, capabilities, isSecretSet, allowed = [] }: CommitTerms & { seed: EnvironmentFile | undefined },
): Promise<Objection[]> {
  const found: Objection[] = [];
  const needs = capabilities === undefined ? [] : unknownNeeds(content, capabilities);
  if (needs.length > 0) found.push({ kind: 'not_known_there', needs });
  // An audience without a file stays as one that an action made.
  const refs = changes.filter(({ type, change }) => change === 'removed' && type !== 'audience').map(refOf);
  if (refs.length > 0) found.push({ kind: 'removes_live', refs });
  if (isSecretSet !== undefined && !allowed.includes('secret_missing')) {
    const coming = changes
      .filter(({ type, change }) => type === 'source' && change !== 'removed')
      .map(({ key }) => key);
    const sources = Object.fromEntries(Object.entries(content.sources).filter(([key]) => coming.includes(key)));
    const before = await sourcesWithoutSecret(snapshot.sources, { state: current.state, seed }, isSecretSet);
    const lacking = await sourcesWithoutSecret(sources, { state: current.state, seed }, isSecretSet);
    // A problem that exists already must not block the correction of another.
    const news = lacking.filter((key) => !before.includes(key));
    if (news.length > 0) found.push({ kind: 'secret_missing', sources: news });
  }
  return found.filter(({ kind }) => !allowed.includes(kind));
}

const refOf = ({ type, key }: ResourceRef): ResourceRef => ({ type, key });

/** A reason why a change is not made, for the person. */
export type ChangeObjection = {
  kind: ObjectionKind | RaceKind;
  what: string;
  /** What would be right, one line each. */
  remedies: string[];
  /** What is done by a person who overrules it, in words; null when none may. */
  overrule: string | null;
};

/** What the change makes: a draft undoes nothing before it is committed. */
export type Made = 'draft' | 'commit';

/** The message for the person, with the remedy. */
export function objectionText(
  objection: Objection,
  environment: string,
  made?: Made,
): { what: string; remedies: string[] } {
  const { what, remedies, overrule } = objectionWords(objection, environment, made);
  return { what, remedies: [...remedies, ...(overrule === null ? [] : [`${overrule}: --force`])] };
}

export function objectionWords(objection: Objection, environment: string, made: Made = 'commit'): ChangeObjection {
  const { kind } = objection;
  switch (kind) {
    case 'removes_live':
      return {
        kind,
        what: `this removes ${objection.refs.map(refText).join(', ')}, live in ${environment}: ${removalEffects(objection.refs)}`,
        remedies: [],
        overrule: 'to remove them',
      };
    case 'stale_files':
      return {
        kind,
        what: `the files are older than what is live in ${environment}, and would undo ${objection.conflicts.map(({ ref, commit }) => commitText(ref, commit)).join('; ')}`,
        remedies: ['bring it into your files first: git pull, or npx signalbox config pull'],
        overrule: made === 'draft' ? 'or make the draft all the same; its commit would undo that' : 'or commit over it',
      };
    case 'not_known_there':
      return {
        kind,
        what: `the functions of ${environment} don't know ${objection.needs.map(needText).join(', ')}, and would answer every request with 503`,
        remedies: [
          `run this version there first: npx cdk deploy -c environment=${environment}, or start npm start again`,
        ],
        overrule: null,
      };
    case 'secret_missing':
      return {
        kind,
        what: `${objection.sources.join(', ')} would be verified in ${environment} without a secret, so each request would be answered 503`,
        remedies: objection.sources.map((key) => `npx signalbox secrets set ${key} -e ${environment}`),
        overrule: 'or set it afterwards',
      };
  }
}

const effects = {
  source: 'senders of a source that is gone get 404 and drop their events',
  workflow: 'triggers of a workflow that is gone fail',
};

const removalEffects = (refs: readonly ResourceRef[]): string =>
  (['source', 'workflow'] as const)
    .flatMap((type) => (refs.some((ref) => ref.type === type) ? [effects[type]] : []))
    .join('; ');

/** `source/shop of commit 3-0a1b2c3d by Ben, 2026-11-21 03:00:00 ("why")` */
export function commitText(ref: ResourceRef, commit: HistoryEntry | undefined): string {
  if (commit === undefined) return refText(ref);
  const { id, author, createdAtMs, message } = commit;
  return `${refText(ref)} of commit ${id} by ${author}, ${formatTime(createdAtMs)} ("${message}")`;
}

const needText = (need: UnknownNeed): string =>
  need.need === 'format' ? `format ${need.name} of the configuration` : `${need.need} ${need.name} (${refText(need)})`;

/**
 * All objections as one refusal.
 * @param directory the folder whose files should go live; if they would remove something, it may be
 * the wrong folder
 */
export function refusalOf(
  objections: readonly Objection[],
  environment: string,
  { consequence, directory, made }: { consequence: string; directory?: string | undefined; made?: Made },
): Refusal {
  const texts = objections.map((objection) => objectionText(objection, environment, made));
  const isRemoval = objections.some(({ kind }) => kind === 'removes_live');
  return failure(
    [...texts.map(({ what }) => what), consequence],
    ...(isRemoval && directory !== undefined ? [`is ${directory} the folder that is meant? --dir names another`] : []),
    ...new Set(texts.flatMap(({ remedies }) => remedies)),
  );
}

/** Which commit last changed each of these. */
export function withCommits(
  table: ConfigurationTable,
  refs: readonly ResourceRef[],
): Promise<{ ref: ResourceRef; commit: HistoryEntry | undefined }[]> {
  return Promise.all(refs.map(async (ref) => ({ ref, commit: await lastCommitOf(table, ref) })));
}
