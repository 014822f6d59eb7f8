/** An environment of Knock and the one here that takes its place. */
export type EnvironmentPair = { knock: string; here: string };

export type ImportWishes = {
  /** Environments to read, lowest first. */
  pairs: readonly EnvironmentPair[];
  /** All environments here, lowest first. */
  here: readonly string[];
  /** Kinds of sources by their key at Knock, where a person names one. */
  kinds: ReadonlyMap<string, string>;
  /** What every workflow's target becomes. Absent: `log` in new files; targets in files stay. */
  target?: 'log' | 'knock';
};

/**
 * The environment of Knock whose state an environment here begins with: its own counterpart, else
 * that of the nearest one below, else the lowest.
 */
export function modelOf(name: string, { pairs, here }: Pick<ImportWishes, 'pairs' | 'here'>): EnvironmentPair {
  const below = here.slice(0, here.indexOf(name) + 1).reverse();
  const found = below.flatMap((one) => pairs.find((pair) => pair.here === one) ?? [])[0] ?? pairs[0];
  if (found === undefined) throw new Error('an import reads at least one environment');
  return found;
}
