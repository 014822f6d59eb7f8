import { Hono } from 'hono';
import * as z from 'zod';
import { refText } from '../../../shared/core/configuration/resources.ts';
import { own } from '../../../shared/core/json/values.ts';
import { entryNamed } from '../../../shared/operations/configuration/entry-named.ts';
import {
  problemText,
  readConfigurationFiles,
} from '../../../shared/operations/configuration/files/configuration-files.ts';
import { differenceRow, differences } from '../../../shared/operations/configuration/history.ts';
import {
  configurationMatrix,
  environmentColumn,
  type MatrixColumn,
} from '../../../shared/operations/configuration/matrix.ts';
import { isOtherThan, planToken } from '../../../shared/operations/configuration/plan-token.ts';
import type { PromotionProblem } from '../../../shared/operations/configuration/preflight.ts';
import { promote, promotionMessage } from '../../../shared/operations/configuration/promote.ts';
import { checkPromotion, problemName } from '../../../shared/operations/configuration/promotion.ts';
import { promotionEnds } from '../../../shared/operations/configuration/promotion-order.ts';
import { contentNamed } from '../../../shared/operations/configuration/sides.ts';
import { liveAtMs } from '../../../shared/operations/configuration/wait-until-live.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleContext, ConsoleEnv } from '../context.ts';
import { body, query, text } from '../input.ts';
import { problemOf } from '../problem.ts';
import { checkoutOf, lookAgain, seen } from './configuration.ts';

const Compare = z.strictObject({
  /** `files`, `draft`, `live`, an environment, or a commit. */
  from: text,
  to: text,
  /** `source/stripe`: this one alone. */
  resource: text.optional(),
});
const What = z.strictObject({
  /** One commit of the environment below; absent: everything. */
  only: text.optional(),
});
const Promote = What.extend({
  /** Absent: what the commits say. */
  message: z.string().trim().max(1_000).optional(),
  /** Problems that the person overrules, each by its name. */
  allowed: z.array(text).max(1_000).default([]),
  seen,
});

/** What concerns more than one environment. */
export const configurationAcross = new Hono<ConsoleEnv>()
  /** Every resource against the files and every environment of this console. */
  .get('/matrix', async (c) => {
    const { environments, order, checkout } = c.var.context;
    const names = environments.names();
    const sorted = [...order.map(({ name }) => name).filter((name) => names.includes(name))];
    const all = [...sorted, ...names.filter((name) => !sorted.includes(name))];
    const files = checkout && readConfigurationFiles(checkout.directory);
    const isFaultless = files?.problems.every(({ severity }) => severity !== 'error') ?? false;
    const columns: MatrixColumn[] = files && isFaultless ? [{ name: 'files', snapshot: files.snapshot }] : [];
    const reached = await Promise.all(all.map((name) => columnOf(name, c.var.context)));
    columns.push(...reached.flatMap((one) => ('column' in one ? [one.column] : [])));
    return c.json({
      columns: columns.map(({ name }) => name),
      /** Environments that do not answer, with the reason. */
      unreachable: reached.flatMap((one) => ('why' in one ? [{ name: one.name, why: one.why }] : [])),
      /** Files are left out while one has an error. */
      files: files === undefined ? ('none' as const) : isFaultless ? ('read' as const) : ('with_errors' as const),
      rows: await configurationMatrix(columns),
    });
  })
  /** Two sides, field by field. */
  .get('/compare', query(Compare), async (c) => {
    const { environment, context } = c.var;
    const { from, to, resource } = c.req.valid('query');
    const sides = {
      environment: async () => environment,
      other: (name: string) =>
        context.environments.names().includes(name) ? context.environments.open(name) : undefined,
      files: () => faultlessFiles(context).snapshot,
    };
    const [before, after] = await Promise.all([contentNamed(from, sides), contentNamed(to, sides)]);
    const found = differences(before, after).filter((one) => resource === undefined || refText(one) === resource);
    return c.json({ from, to, changes: found.map(differenceRow) });
  })
  /** Brings what is live below into this environment. */
  .post('/promote', body(Promote), async (c) => {
    const { environment: upper, context } = c.var;
    const { only, message, allowed, seen: expects } = c.req.valid('json');
    const { lower, ends, plan, problems, seed } = await promotionOf(upper, context, only);
    if (plan.changes.length === 0) throw failure(`${upper.name} has everything that ${lower.name} has already`);
    if (isOtherThan(expects, differences(plan.seen.snapshot, plan.content)))
      return c.json({ kind: 'changed_meanwhile' as const });
    const objections = problems.map(problemRow);
    const stopping = objections.filter(({ kind, overrule }) => overrule === null || !allowed.includes(kind));
    if (stopping.length > 0) return c.json({ kind: 'refused' as const, objections });
    const nowMs = Date.now();
    const about = { author: context.author, message: message || promotionMessage(plan, lower.name), nowMs, seed };
    const { version, id, newSources } = await promote(ends, plan, about).catch(lookAgain);
    const live_at = iso(liveAtMs(upper, nowMs));
    return c.json({ kind: 'promoted' as const, version, id, new_sources: newSources, live_at });
  })
  .post('/promote/dry-run', body(What), async (c) => {
    const { environment: upper, context } = c.var;
    const { lower, plan, problems } = await promotionOf(upper, context, c.req.valid('json').only);
    const changes = differences(plan.seen.snapshot, plan.content);
    return c.json({
      kind: 'planned' as const,
      seen: planToken(changes),
      from: lower.name,
      version: plan.seen.current.version,
      message: promotionMessage(plan, lower.name),
      commits: plan.commits.map(({ id, message, author, createdAtMs }) => ({
        id,
        message,
        author,
        created_at: iso(createdAtMs),
      })),
      changes: changes.map(differenceRow),
      objections: problems.map(problemRow),
    });
  });

async function columnOf(name: string, { environments }: ConsoleContext) {
  try {
    const { configuration } = await environments.open(name);
    return { column: await environmentColumn(name, configuration) };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.code === 'bug') throw error;
    return { name, why: problem.title };
  }
}

async function promotionOf(upper: Environment, context: ConsoleContext, named: string | undefined) {
  const ends = promotionEnds(context.order, { to: upper.name });
  const lower = await context.environments.open(ends.lower);
  // The files are read for environments/NAME.yaml alone: first settings of sources that are new there.
  const seed = own(faultlessFiles(context).environments, upper.name);
  const only = named === undefined ? undefined : await entryNamed(lower, named);
  return { lower, seed, ...(await checkPromotion({ lower, upper }, { only, seed })) };
}

/** @throws Refusal when there are none, or one has an error */
function faultlessFiles(context: ConsoleContext) {
  const files = readConfigurationFiles(checkoutOf(context).directory);
  const errors = files.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw failure(errors.map(problemText), 'correct the files first');
  return files;
}

const problemRow = (found: PromotionProblem) => ({
  kind: problemName(found),
  what: `${refText(found)} ${found.detail}`,
  remedies: [found.remedy],
  overrule:
    found.problem === 'not_known_there'
      ? null
      : found.problem === 'removes_live'
        ? 'remove it'
        : 'promote all the same',
});
