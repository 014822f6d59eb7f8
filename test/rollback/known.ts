/** What commands of a released version cannot read of what later ones write. Its functions have no such list: they must read all. */
const known: Record<string, { lines: RegExp; why: string }> = {
  '59204a2': {
    lines:
      /^old: (?:verify|\S+ was never processed|\S+ has 0 runs|\S+ shows 0 actions|a run of \S+, which has no row|events show|why|replay)/,
    why: 'its commands do not find source and key in packed event rows; docs/roll-back.md',
  },
};

export function isKnown(commit: string, what: string): boolean {
  return known[commit]?.lines.test(what) ?? false;
}

export const whyKnown = (commit: string): string => known[commit]?.why ?? '';
