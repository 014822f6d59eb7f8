/** Why a change of a configuration is not made, besides the objections to its content. */
export const raceKinds = ['conflict', 'missing_references', 'others_draft', 'stale_files'] as const;
export type RaceKind = (typeof raceKinds)[number];

/** What the person overrules: everything, nothing, or only these. */
export type Force = boolean | readonly RaceKind[];

export function isForced(force: Force | undefined, kind: RaceKind): boolean {
  return typeof force === 'boolean' ? force : (force?.includes(kind) ?? false);
}
