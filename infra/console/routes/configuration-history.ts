import { Hono } from 'hono';
import * as z from 'zod';
import { refText, resourceTypes } from '../../../shared/core/configuration/resources.ts';
import { logLines } from '../../../shared/operations/configuration/change-log.ts';
import { revertObjections } from '../../../shared/operations/configuration/change-objections.ts';
import { entryNamed } from '../../../shared/operations/configuration/entry-named.ts';
import { describeEntry, differenceRow, differences } from '../../../shared/operations/configuration/history.ts';
import { cursorOfRow, historyRow, logCursor, logRow } from '../../../shared/operations/configuration/history-row.ts';
import { planToken } from '../../../shared/operations/configuration/plan-token.ts';
import { carryOutPull, planPullOf } from '../../../shared/operations/configuration/pull.ts';
import { planRevert, revertCommit } from '../../../shared/operations/configuration/revert.ts';
import { liveAtMs } from '../../../shared/operations/configuration/wait-until-live.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { mapped, take } from '../../../shared/operations/tables/newest-first.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, query, text, wholeNumber } from '../input.ts';
import { writesFiles } from '../writes-files.ts';
import { allowed, checkoutOf, lookAgain, noObstacles, refused, seen, termsOf } from './configuration.ts';

const Log = z.strictObject({
  kind: z.enum(['commit', 'state', 'secret', 'key']).optional(),
  resource: z
    .templateLiteral(
      [z.enum(resourceTypes), '/', z.string().min(1).max(256)],
      'is source/KEY, workflow/KEY or audience/KEY',
    )
    .optional(),
  after: text.optional(),
  limit: wholeNumber(200).default(50),
});

const Revert = z.strictObject({
  /** `12`, or `12-9f3c61aa`. */
  commit: text,
  /** Absent: `Revert COMMIT: its message`. */
  message: z.string().trim().max(1_000).optional(),
  allowed,
  seen,
});
const Pull = z.strictObject({
  /** Also removes files of what is no longer live. */
  remove: z.boolean().default(false),
});

/** What was changed, and ways back. */
export const configurationHistory = new Hono<ConsoleEnv>()
  /** Commits, promotions, reverts, switched settings, secrets and keys, newest first. */
  .get('/log', query(Log), async (c) => {
    const { kind, resource, after, limit } = c.req.valid('query');
    const [type, key] = (resource?.split('/') ?? []) as [(typeof resourceTypes)[number]?, string?];
    const lines = logLines(c.var.environment.configuration, {
      ...(kind && { kind }),
      ...(type !== undefined && key !== undefined && { resource: { type, key } }),
      ...(after !== undefined && { after: logCursor(after) }),
    });
    const rows = await take(mapped(lines, logRow), limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json({ rows: page, next: rows.length > limit && last !== undefined ? cursorOfRow(last) : null });
  })
  /** One change, field by field. */
  .get('/log/:commit', async (c) => {
    const { environment } = c.var;
    const entry = await entryNamed(environment, c.req.param('commit'));
    const described = await describeEntry(environment.configuration, entry);
    return c.json({ ...historyRow(described), differences: described.differences.map(differenceRow) });
  })
  .post('/revert', body(Revert), async (c) => {
    const { environment, context } = c.var;
    const { commit: named, message, allowed: given, seen: expects } = c.req.valid('json');
    const commit = await entryNamed(environment, named);
    const nowMs = Date.now();
    const about = { author: context.author, message: message || `Revert ${commit.id}: ${commit.message}`, nowMs };
    const asked = { ...about, commit, ...termsOf(environment, given), expects };
    const result = await revertCommit(environment.configuration, asked).catch(lookAgain);
    switch (result.kind) {
      case 'reverted': {
        const { version, id, changes, dropped } = result;
        const live_at = iso(liveAtMs(environment, nowMs));
        return c.json({ kind: 'reverted' as const, version, id, changes, dropped_from_draft: dropped, live_at });
      }
      case 'not_a_commit':
        throw settingsHaveNoVersions(commit.id, commit.message);
      case 'nothing_to_revert':
        throw failure(`everything that ${commit.id} changed is as it was before it`);
      case 'changed_meanwhile':
        return c.json(result);
      default:
        return c.json(refused(revertObjections({ ...noObstacles, ...result }, commit.id, environment.name)));
    }
  })
  .post('/revert/dry-run', body(Revert.pick({ commit: true })), async (c) => {
    const { environment } = c.var;
    const commit = await entryNamed(environment, c.req.valid('json').commit);
    if (commit.kind !== 'commit') throw settingsHaveNoVersions(commit.id, commit.message);
    const { terms } = termsOf(environment, []);
    const plan = await planRevert(environment.configuration, { commit, terms });
    if (plan.open.length === 0) throw failure(`everything that ${commit.id} changed is as it was before it`);
    const changes = differences(plan.seen.snapshot, plan.content);
    return c.json({
      kind: 'planned' as const,
      version: plan.seen.current.version,
      message: `Revert ${commit.id}: ${commit.message}`,
      seen: planToken(changes),
      changes: changes.map(differenceRow),
      objections: revertObjections(plan, commit.id, environment.name),
    });
  })
  /** Live → files. It changes the checkout, not the environment. */
  .post('/pull', writesFiles, body(Pull), async (c) => {
    const { environment, context } = c.var;
    const checkout = checkoutOf(context);
    const plan = await planPullOf(environment, checkout.directory);
    const { remove } = c.req.valid('json');
    const done = carryOutPull(environment, checkout, plan, remove);
    return c.json({ done: done.map(fileRow), kept: plan.changes.filter((one) => !done.includes(one)).map(fileRow) });
  })
  .post('/pull/dry-run', body(z.strictObject({})), async (c) => {
    const { environment, context } = c.var;
    const plan = await planPullOf(environment, checkoutOf(context).directory);
    return c.json({
      version: plan.seen.current.version,
      files: plan.changes.map(fileRow),
      /** What stays in the draft alone. */
      draft: plan.draft.map(refText),
    });
  });

function settingsHaveNoVersions(id: string, message: string) {
  return usageError(
    `${id} changed settings ("${message}"), which have no versions to go back to`,
    'change them back where they are switched',
  );
}

const fileRow = ({ kind, path }: { kind: 'create' | 'rewrite' | 'remove'; path: string }) => ({
  file: path,
  change: kind,
});
