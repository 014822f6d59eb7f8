import { listRefusalNotes } from '../../adapters/dynamodb-refusal-notes.ts';
import { refusalReasons } from '../../core/ingest/refusal.ts';
import { unavailableReasons } from '../../ports/refusal-notes.ts';
import type { Environment } from '../environment.ts';
import { readCounts, sumOf } from '../metrics/read-counts.ts';
import { iso } from '../words/iso.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */
export type RefusalRow = {
  /** `unknown`: the URL named no source, or its token was wrong and of no source. */
  source: string;
  /** `refused`: 4xx, and most senders drop the event. `unanswered`: 503, and senders try again. */
  outcome: 'refused' | 'unanswered';
  reason: string;
  count: number;
  /** To the minute. */
  first_at: string;
  last_at: string;
  /** A late request of this kind: its id in the function's log and in the sender's answer. */
  example: { request_id: string; at: string } | null;
};

type Counted = Pick<Environment, 'name' | 'configuration' | 'metrics'>;

/** `periodSeconds`: in which counts are read. Default: as the length of the range wants it. */
type Range = { sinceMs: number; untilMs: number; periodSeconds?: number };

const outcomes = [
  { outcome: 'refused', total: 'RequestsRefused', reasons: refusalReasons },
  { outcome: 'unanswered', total: 'RequestsFailed', reasons: unavailableReasons },
] as const;

/** Requests whose URL names no source are counted under this name. */
export const unknownSource = 'unknown';

/**
 * Requests to sources that were not accepted, by source and reason, the most frequent first. What
 * never became an event has no row, so these are counts of CloudWatch; on AWS they can be three
 * minutes late.
 */
export function listRefusals(environment: Counted, sources: readonly string[], range: Range): Promise<RefusalRow[]> {
  return listRefusalsOf(environment, [...sources, unknownSource], range);
}

/** The same, of these sources alone. */
export async function listRefusalsOf(
  environment: Counted,
  sources: readonly string[],
  range: Range,
): Promise<RefusalRow[]> {
  const totals = sources.flatMap((source) => outcomes.map(({ outcome, total }) => ({ source, outcome, total })));
  const queries = totals.map(({ source, total }) => ({ source, name: total }));
  const counted = await readCounts(await environment.metrics(), environment.name, queries, rangeOf(range));
  return explainRefusals(
    environment,
    totals.filter((_, i) => (counted[i]?.size ?? 0) > 0),
    range,
  );
}

/**
 * The rows of requests that are known to be counted in the range.
 * @param some reasons are read of these alone: a query costs money
 */
export async function explainRefusals(
  environment: Counted,
  some: readonly Pick<RefusalRow, 'source' | 'outcome'>[],
  asked: Range,
): Promise<RefusalRow[]> {
  const narrower = some.flatMap(({ source, outcome }) =>
    outcomes
      .filter((one) => one.outcome === outcome)
      .flatMap(({ total, reasons }) => reasons.map((reason: string) => ({ source, outcome, name: total, reason }))),
  );
  if (narrower.length === 0) return [];
  const range = rangeOf(asked);
  const queries = narrower.map(({ source, name, reason }) => ({ source, name, reason }));
  const [byReason, notes] = await Promise.all([
    readCounts(await environment.metrics(), environment.name, queries, range),
    listRefusalNotes(environment.configuration),
  ]);
  return narrower
    .flatMap(({ source, outcome, reason }, i): RefusalRow[] => {
      const { total, sinceMs: firstMs, lastMs } = sumOf(byReason[i] ?? new Map());
      if (firstMs === undefined || lastMs === undefined) return [];
      const note = notes.find((one) => one.source === source && one.reason === reason && one.atMs >= range.sinceMs);
      return [
        {
          source,
          outcome,
          reason,
          count: total,
          first_at: iso(firstMs),
          last_at: iso(lastMs),
          example: note?.requestId === undefined ? null : { request_id: note.requestId, at: iso(note.atMs) },
        },
      ];
    })
    .sort((a, b) => b.count - a.count);
}

/** Whole periods, of a length that CloudWatch keeps for so long. */
function rangeOf({ sinceMs, untilMs, periodSeconds: wanted }: Range) {
  const days = (untilMs - sinceMs) / 86_400_000;
  const periodSeconds = wanted ?? (days <= 1 ? 60 : days <= 15 ? 300 : 3600);
  const periodMs = periodSeconds * 1000;
  return {
    sinceMs: Math.floor(sinceMs / periodMs) * periodMs,
    untilMs: Math.ceil((untilMs + 1) / periodMs) * periodMs,
    periodSeconds,
  };
}
