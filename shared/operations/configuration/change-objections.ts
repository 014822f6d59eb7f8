import { ConfigurationConflict } from '../../adapters/dynamodb-configuration-history.ts';
import type { MissingReference } from '../../core/configuration/missing-references.ts';
import { type ResourceRef, refText } from '../../core/configuration/resources.ts';
import { failure, type Refusal } from '../refusal.ts';
import { formatWhen } from '../words/times.ts';
import type { DraftConflict } from './commit.ts';
import { type ChangeObjection, commitText, type Objection, objectionWords } from './objections.ts';

/** All that stands against a commit of a draft or against a revert. */
export type Obstacles = { conflicts: DraftConflict[]; missing: MissingReference[]; objections: readonly Objection[] };

/** The obstacles of a draft's commit, in words. */
export function commitObjections({ conflicts, missing, objections }: Obstacles, environment: string) {
  return [
    ...conflictObjection(conflicts, {
      why: 'committed by others after the draft was pushed',
      remedy: 'take theirs into your files (npx signalbox config pull, or git), push again, commit again',
      overrule: 'or commit over it',
    }),
    ...missingObjection(missing, { remedy: 'commit both together', overrule: 'or commit without it' }),
    ...objections.map((objection) => objectionWords(objection, environment)),
  ];
}

/** The obstacles of a revert, in words. */
export function revertObjections({ conflicts, missing, objections }: Obstacles, commit: string, environment: string) {
  return [
    ...conflictObjection(conflicts, {
      why: `changed again after ${commit}`,
      remedy: 'revert the later one first',
      overrule: 'or take both back',
    }),
    ...missingObjection(missing, {
      remedy: 'revert or correct what names it first',
      overrule: 'or revert all the same',
    }),
    ...objections.map((objection) => objectionWords(objection, environment)),
  ];
}

type Words = { remedy: string; overrule: string };

function conflictObjection(
  conflicts: readonly DraftConflict[],
  { why, remedy, overrule }: Words & { why: string },
): ChangeObjection[] {
  if (conflicts.length === 0) return [];
  const which = conflicts.map(({ commit, ...ref }) => commitText(ref, commit)).join('; ');
  return [{ kind: 'conflict', what: `${why}: ${which}`, remedies: [remedy], overrule }];
}

function missingObjection(missing: readonly MissingReference[], { remedy, overrule }: Words): ChangeObjection[] {
  if (missing.length === 0) return [];
  const lines = missing.map(({ by, mapping, missing: what }) => {
    const where = mapping === undefined ? refText(by) : `mapping ${mapping} of ${refText(by)}`;
    return `${where} names ${refText(what)}, which would not be there`;
  });
  return [{ kind: 'missing_references', what: lines.join('; '), remedies: [remedy], overrule }];
}

/** Another person pushed and has not committed. */
export function othersDraftObjection(
  { author, updatedAtMs, lost }: { author: string; updatedAtMs: number; lost: readonly ResourceRef[] },
  nowMs: number,
): ChangeObjection {
  return {
    kind: 'others_draft',
    what: `${author} pushed ${lost.map(refText).join(', ')} ${formatWhen(updatedAtMs, nowMs)} and has not committed; this push would drop that`,
    remedies: ['see it: npx signalbox config diff --from live --to draft'],
    overrule: 'replace it',
  };
}

/** For a terminal, where `--force` overrules. */
export function changeRefusal(objections: readonly ChangeObjection[]): Refusal {
  return failure(
    objections.map(({ what }) => what),
    ...objections.flatMap(({ remedies, overrule }) => [
      ...remedies,
      ...(overrule === null ? [] : [`${overrule}: --force`]),
    ]),
  );
}

/** For `.catch`: a conflict with another author's change, as one line and a remedy. */
export function refusedByConflict(remedy: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof ConfigurationConflict ? failure(error.message, remedy) : error;
  };
}
