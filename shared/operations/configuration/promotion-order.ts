import { failure, usageError } from '../refusal.ts';

/** The environments of this installation, in the order in which a change is promoted. */
export type PromotionOrder = readonly {
  readonly name: string;
  /** Content may be committed here as well. Absent: only in the first environment. */
  readonly directCommits?: boolean;
}[];

/** The environment that is read and the one that is written. */
export type PromotionEnds = { lower: string; upper: string };

/**
 * The two ends of a promotion, which goes one step up.
 *
 * @param asked `to`: the upper end; absent: the environment above `from`. `from`: the lower end;
 *   absent: the environment below `to`.
 * @throws Refusal (invalid) when an end does not exist, or when the two are not neighbours
 */
export function promotionEnds(
  order: PromotionOrder,
  asked: { from: string; to?: string } | { from?: string; to: string },
): PromotionEnds {
  const { from, to } = asked;
  if (to === undefined) {
    const upper = from === undefined ? undefined : environmentAbove(order, from);
    if (from === undefined || upper === undefined)
      throw usageError(`there is nothing above ${from} (infra/environments.ts)`);
    return { lower: from, upper };
  }
  const names = order.map(({ name }) => name);
  if (!names.includes(to))
    throw usageError(`there is no environment "${to}"; there are: ${names.join(', ')} (infra/environments.ts)`);
  const lower = environmentBelow(order, to);
  if (lower === undefined)
    throw usageError(
      `nothing is promoted to ${to}: it is the first environment`,
      'content is committed there: npx signalbox config commit',
    );
  if (from !== undefined && from !== lower)
    throw usageError(
      `${to} is promoted to from ${lower}, not from ${from}: one step at a time`,
      `npx signalbox config promote --to ${to}`,
    );
  return { lower, upper: to };
}

/**
 * Content is committed in one environment and promoted from there, so that content above has run
 * below.
 * @throws Refusal that says how to promote instead
 */
export function requireCommitsIn(order: PromotionOrder, environment: string): void {
  if (takesCommits(order, environment)) return;
  const below = environmentBelow(order, environment);
  throw failure(
    `content of ${environment} comes by promotion, from ${below}`,
    `commit it there (npx signalbox config push --commit -e ${below}), then: npx signalbox config promote --to ${environment}`,
    `or allow it: directCommits: true for ${environment} in infra/environments.ts`,
  );
}

/**
 * Whether content may be committed here, not only promoted to here. True for an environment outside
 * the order, since it has no lower one.
 */
export function takesCommits(order: PromotionOrder, name: string): boolean {
  const index = positionOf(order, name);
  return index <= 0 || order[index]?.directCommits === true;
}

/** Where content comes from; undefined for the first environment and for one outside the order. */
export function environmentBelow(order: PromotionOrder, name: string): string | undefined {
  return order[positionOf(order, name) - 1]?.name;
}

/** Where content goes next; undefined for the last environment and for one outside the order. */
export function environmentAbove(order: PromotionOrder, name: string): string | undefined {
  const index = positionOf(order, name);
  return index < 0 ? undefined : order[index + 1]?.name;
}

function positionOf(order: PromotionOrder, name: string): number {
  return order.findIndex((environment) => environment.name === name);
}
