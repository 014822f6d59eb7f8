import { Hono } from 'hono';
import * as z from 'zod';
import { type ResourceRef, refText, resourceTypes } from '../../../shared/core/configuration/resources.ts';
import {
  commitObjections,
  othersDraftObjection,
  refusedByConflict,
} from '../../../shared/operations/configuration/change-objections.ts';
import {
  type Checkout,
  commitCheckout,
  planCheckoutCommit,
  pushCheckout,
} from '../../../shared/operations/configuration/checkout.ts';
import { commitDraft, planDraftCommit } from '../../../shared/operations/configuration/commit.ts';
import { commitTermsOf } from '../../../shared/operations/configuration/commit-terms.ts';
import {
  type ConfigurationFiles,
  readConfigurationFiles,
} from '../../../shared/operations/configuration/files/configuration-files.ts';
import { type RaceKind, raceKinds } from '../../../shared/operations/configuration/force.ts';
import { differenceRow, differences } from '../../../shared/operations/configuration/history.ts';
import {
  type ChangeObjection,
  type Made,
  type Objection,
  objectionWords,
  overridable,
} from '../../../shared/operations/configuration/objections.ts';
import { planToken } from '../../../shared/operations/configuration/plan-token.ts';
import {
  environmentAbove,
  environmentBelow,
  requireCommitsIn,
  takesCommits,
} from '../../../shared/operations/configuration/promotion-order.ts';
import { configurationState } from '../../../shared/operations/configuration/state.ts';
import { liveAtMs } from '../../../shared/operations/configuration/wait-until-live.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { failure, notFound } from '../../../shared/operations/refusal.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleContext, ConsoleEnv } from '../context.ts';
import { body } from '../input.ts';

const allowable = [...new Set([...overridable, ...raceKinds])];
/** Objections that the person overrules, each by its name. */
export const allowed = z.array(z.enum(allowable)).default([]);
const message = z.string().trim().min(1, 'says what the change is for').max(1_000);
/** `source/stripe` */
const resource = z
  .templateLiteral([z.enum(resourceTypes), '/', z.string().min(1).max(256)])
  .transform((given): ResourceRef => {
    const [type, key] = given.split('/') as [ResourceRef['type'], string];
    return { type, key };
  });

const Push = z.strictObject({ allowed });
const Planned = z.strictObject({
  /** Absent: all of the draft. */
  only: z.array(resource).min(1).optional(),
});
/** What a dry run told; what differs from it meanwhile is not changed. Absent: whatever there is. */
export const seen = z.string().max(64).optional();
const Commit = Planned.extend({ message, allowed, seen });
const FilesCommit = z.strictObject({ message, allowed, seen });
const Nothing = z.strictObject({});

/** A change that is not made. `files_with_errors`: what is wrong with the files. */
type NotMade =
  /** It would not do any more what the dry run told. */
  | { kind: 'changed_meanwhile' }
  | { kind: 'refused'; objections: ChangeObjection[] }
  | { kind: 'files_with_errors'; problems: ConfigurationFiles['problems'] };

export const configuration = new Hono<ConsoleEnv>()
  /** Files, draft and live content against each other, and what may be done here. */
  .get('/', async (c) => {
    const { environment, context } = c.var;
    const { checkout, order } = context;
    const files = checkout && readConfigurationFiles(checkout.directory);
    const state = await configurationState(environment, files);
    return c.json({
      ...state,
      author: context.author,
      /** False: content comes by promotion. */
      takes_commits: takesCommits(order, environment.name),
      below: environmentBelow(order, environment.name) ?? null,
      above: environmentAbove(order, environment.name) ?? null,
    });
  })
  /** Files → draft. */
  .post('/push', body(Push), async (c) => {
    const { environment, context } = c.var;
    const read = filesToCommit(environment, context);
    if (read.kind === 'files_with_errors') return c.json(read satisfies NotMade);
    const nowMs = Date.now();
    const { force } = termsOf(environment, c.req.valid('json').allowed);
    const about = { author: context.author, nowMs, force };
    const saved = await pushCheckout(environment, read.checkout, read.files, about).catch(lookAgain);
    if (saved.kind === 'refused') return c.json(refused(inWords(saved.objections, environment, 'draft')));
    const { result } = saved;
    if (result.kind === 'others_draft') return c.json(refused([othersDraftObjection(result, nowMs)]));
    if (result.kind === 'nothing_to_save')
      return c.json({ kind: 'nothing_to_save' as const, version: result.version, dropped: result.dropped });
    const changes = saved.differences.map(differenceRow);
    return c.json({ kind: 'saved' as const, base_version: result.baseVersion, changes });
  })
  /** Draft → live: all of it, or what is named. */
  .post('/commit', body(Commit), async (c) => {
    const { environment, context } = c.var;
    requireCommitsIn(context.order, environment.name);
    const { only, message: text, allowed: given, seen: expects } = c.req.valid('json');
    const { terms, force } = termsOf(environment, given);
    const nowMs = Date.now();
    const about = { author: context.author, message: text, nowMs };
    const asked = { ...about, ...(only && { only }), terms, force, expects };
    const result = await commitDraft(environment.configuration, asked).catch(lookAgain);
    switch (result.kind) {
      case 'committed': {
        const { version, id, changes, left, newSources } = result;
        const live_at = iso(liveAtMs(environment, nowMs));
        return c.json({ kind: 'committed' as const, version, id, changes, left, new_sources: newSources, live_at });
      }
      case 'conflict':
      case 'missing_references':
      case 'refused':
        return c.json(refused(commitObjections({ ...noObstacles, ...result }, environment.name)));
      case 'changed_meanwhile':
        return c.json(result satisfies NotMade);
      default:
        throw notInDraft(environment, only ?? []);
    }
  })
  .post('/commit/dry-run', body(Planned), async (c) => {
    const { environment, context } = c.var;
    requireCommitsIn(context.order, environment.name);
    const { only } = c.req.valid('json');
    const { terms } = termsOf(environment, []);
    const plan = await planDraftCommit(environment.configuration, { ...(only && { only }), terms });
    if (plan.absent.length > 0 || plan.chosen.length === 0) throw notInDraft(environment, plan.absent);
    const changes = differences(plan.seen.snapshot, plan.content);
    return c.json({
      kind: 'planned' as const,
      version: plan.seen.current.version,
      seen: planToken(changes),
      changes: changes.map(differenceRow),
      objections: commitObjections(plan, environment.name),
    });
  })
  /** Files → live, without a draft between. */
  .post('/push-and-commit', body(FilesCommit), async (c) => {
    const { environment, context } = c.var;
    const read = filesToCommit(environment, context);
    if (read.kind === 'files_with_errors') return c.json(read satisfies NotMade);
    const { message: text, allowed: given, seen: expects } = c.req.valid('json');
    const { terms } = termsOf(environment, given);
    const nowMs = Date.now();
    const about = { author: context.author, message: text, nowMs, terms, ...(expects !== undefined && { expects }) };
    const done = await commitCheckout(environment, read.checkout, read.files, about).catch(lookAgain);
    if (done.kind === 'refused') return c.json(refused(inWords(done.objections, environment)));
    if (done.kind === 'changed_meanwhile') return c.json({ kind: done.kind } satisfies NotMade);
    const { version, id, newSources } = done.result;
    return c.json({
      kind: 'committed' as const,
      version,
      /** Null: the files are live already. */
      id: id ?? null,
      changes: done.differences.map(differenceRow),
      left: [],
      new_sources: newSources,
      live_at: iso(liveAtMs(environment, nowMs)),
    });
  })
  .post('/push-and-commit/dry-run', body(Nothing), async (c) => {
    const { environment, context } = c.var;
    const read = filesToCommit(environment, context);
    if (read.kind === 'files_with_errors') return c.json(read satisfies NotMade);
    const plan = await planCheckoutCommit(environment, read.checkout, read.files, { author: context.author });
    return c.json({
      kind: 'planned' as const,
      version: plan.seen.current.version,
      seen: planToken(plan.differences),
      changes: plan.differences.map(differenceRow),
      objections: inWords(plan.objections, environment),
    });
  });

/**
 * The files on disk, for an environment that takes commits.
 * @throws Refusal for one that does not, and for a console without files
 */
function filesToCommit(environment: Environment, context: ConsoleContext) {
  const checkout = checkoutOf(context);
  requireCommitsIn(context.order, environment.name);
  const files = readConfigurationFiles(checkout.directory);
  if (files.problems.some(({ severity }) => severity === 'error'))
    return { kind: 'files_with_errors' as const, problems: files.problems };
  return { kind: 'read' as const, checkout, files };
}

/** @throws Refusal: every page that writes files needs them */
export function checkoutOf({ checkout }: ConsoleContext): Checkout {
  if (checkout === undefined)
    throw failure(
      'this console has no configuration files',
      'start it in a checkout: npx signalbox console --dir PATH',
    );
  return checkout;
}

export type Allowed = z.output<typeof allowed>;

const isRace = (kind: Allowed[number]): kind is RaceKind => raceKinds.some((one) => one === kind);

export function termsOf(environment: Environment, given: Allowed) {
  const ofContent = overridable.filter((kind) => given.includes(kind));
  return { terms: commitTermsOf(environment, ofContent), force: given.filter(isRace) };
}

export const lookAgain = refusedByConflict('look at what changed, then try again');

export const noObstacles = { conflicts: [], missing: [], objections: [] };

export const refused = (objections: ChangeObjection[]) => ({ kind: 'refused' as const, objections }) satisfies NotMade;

const inWords = (objections: readonly Objection[], { name }: Environment, made: Made = 'commit') =>
  objections.map((objection) => objectionWords(objection, name, made));

function notInDraft({ name }: Environment, refs: readonly ResourceRef[]) {
  if (refs.length === 0) return notFound(`there is no draft in ${name}`, 'save the files as one first');
  return notFound(`the draft of ${name} does not change ${refs.map(refText).join(', ')}`);
}
