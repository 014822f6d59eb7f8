import { listRefusalNotes } from '../../adapters/dynamodb-refusal-notes.ts';
import { refusalReasons } from '../../core/ingest/refusal.ts';
import type { Environment } from '../environment.ts';
import type { FollowClock } from '../tables/follow.ts';
import { iso } from '../words/iso.ts';
import { listRefusals, type RefusalRow } from './refusals.ts';

/** Looks of so often cost nothing here, and CloudWatch bills each of them on AWS. */
const countEveryMs = { local: 1_000, aws: 60_000 };
const noteEveryMs = 1_000;
const lookBackMs = 3_600_000;

/**
 * The refused requests of a source as they come, those of the last hour at first, and again whenever
 * there is another one; never ends by itself. The first of a reason is seen within seconds by its
 * note. Later ones and wrong URLs are counts, which on AWS can be three minutes late.
 * @throws the client's error; trying again may help
 */
export async function* followRefusals(
  environment: Environment,
  source: string,
  clock: FollowClock,
): AsyncGenerator<RefusalRow[]> {
  const everyMs = environment.local ? countEveryMs.local : countEveryMs.aws;
  let counted: RefusalRow[] = [];
  let countDueMs = 0;
  let shown = '[]';
  for (;;) {
    const nowMs = clock.nowMs();
    const sinceMs = nowMs - lookBackMs;
    if (nowMs >= countDueMs) {
      counted = await listRefusals(environment, [source], { sinceMs, untilMs: nowMs });
      countDueMs = nowMs + everyMs;
    }
    const rows = withNotes(counted, await notesOf(environment, source, sinceMs));
    const now = JSON.stringify(rows);
    if (now !== shown) yield rows;
    shown = now;
    await clock.wait(noteEveryMs);
  }
}

async function notesOf({ configuration }: Environment, source: string, sinceMs: number) {
  const notes = await listRefusalNotes(configuration);
  return notes.filter((note) => note.source === source && note.atMs >= sinceMs);
}

/** A note that is not counted yet is a refusal of which one is known. */
function withNotes(counted: RefusalRow[], notes: Awaited<ReturnType<typeof notesOf>>): RefusalRow[] {
  const known = new Set(counted.map(({ source, reason }) => `${source} ${reason}`));
  const refused = new Set<string>(refusalReasons);
  const early = notes
    .filter(({ source, reason }) => !known.has(`${source} ${reason}`))
    .map(({ source, reason, requestId, atMs }): RefusalRow => {
      const at = iso(atMs);
      return {
        source,
        outcome: refused.has(reason) ? 'refused' : 'unanswered',
        reason,
        count: 1,
        first_at: at,
        last_at: at,
        example: requestId === undefined ? null : { request_id: requestId, at },
      };
    });
  return [...early, ...counted];
}
