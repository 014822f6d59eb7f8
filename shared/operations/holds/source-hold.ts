import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { own } from '../../core/json/values.ts';
import type { Environment } from '../environment.ts';
import { type JobRow, jobRow } from '../jobs/job-row.ts';
import { isoOrNull } from '../words/iso.ts';
import { countHeld, noneHeld } from './held-events.ts';
import { runningRelease } from './hold-source.ts';

/** What a paused source holds, and the release of it. */
export type SourceHoldRow = {
  held: number;
  /** There may be more: counting stops there. */
  is_more: boolean;
  oldest_received_at: string | null;
  /** When the oldest one's row ages out, and the event with it. */
  oldest_expires_at: string | null;
  release: JobRow | null;
};

const dayMs = 86_400_000;

/**
 * What a source holds. Held events are counted only where it is paused or a release is under way.
 * @returns undefined when neither is so
 */
export async function sourceHold(
  environment: Environment,
  source: string,
  nowMs: number,
): Promise<SourceHoldRow | undefined> {
  const [{ state }, release] = await Promise.all([
    readLive(environment.configuration),
    runningRelease(environment, source),
  ]);
  const hold = own(state.held_sources ?? {}, source);
  if (hold === undefined && release === undefined) return undefined;
  const since = hold?.since ?? release?.createdAt ?? '';
  const counted = await countHeld(environment, state, { sinceMs: Date.parse(since) - dayMs, nowMs });
  const { count, isCut, oldestAtMs, expiresAtMs } = counted.get(source) ?? noneHeld;
  return {
    held: count,
    is_more: isCut,
    oldest_received_at: isoOrNull(oldestAtMs),
    oldest_expires_at: isoOrNull(expiresAtMs),
    release: release === undefined ? null : jobRow(release),
  };
}
