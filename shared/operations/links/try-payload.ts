import { jsonProblem } from '../../core/json/json-problem.ts';
import { own } from '../../core/json/values.ts';
import { prepareSource } from '../../core/live/prepared.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import { type DryRunRow, dryRunRow } from '../mappings/dry-run-rows.ts';
import { readPayload } from '../mappings/read-payload.ts';
import { testEvent } from '../mappings/test-event.ts';

/** What would become of a payload, if it were posted now by a sender that proves who it is. */
export type TriedPayload =
  | { kind: 'empty' }
  | { kind: 'too_long' }
  /** The source is not live. */
  | { kind: 'gone' }
  | { kind: 'refused'; reason: string; detail: string }
  | { kind: 'events'; events: DryRunRow[]; more: number };

export const triedBytesMax = 256 * 1024;
const triedEventsMax = 10;

/**
 * Reads a pasted payload as ingest would and plans its events as the processor would, with the live
 * mappings. Nothing is stored, claimed or run; whether an event is a copy is not looked up.
 */
export async function tryPayload(
  live: LiveConfiguration,
  { source, text, environment, nowMs }: { source: string; text: string; environment: string; nowMs: number },
): Promise<TriedPayload> {
  if (text.trim() === '') return { kind: 'empty' };
  const rawBody = new TextEncoder().encode(text);
  if (rawBody.length > triedBytesMax) return { kind: 'too_long' };
  const file = own(live.snapshot.sources, source);
  const prepared = prepareSource(live, source);
  if (file === undefined || prepared === undefined) return { kind: 'gone' };
  const read = readPayload({
    source,
    file,
    namedHeaders: prepared.namedHeaders,
    headers: { 'content-type': 'application/json' },
    rawBody,
    nowMs,
  });
  if (read.kind === 'refused') {
    const problem = read.reason === 'body_not_json' ? jsonProblem(text) : undefined;
    const detail =
      problem === undefined
        ? read.detail
        : `line ${problem.line}, column ${problem.column} should be ${problem.expected}`;
    return { kind: 'refused', reason: read.reason, detail };
  }
  const events: DryRunRow[] = [];
  for (const raw of read.events.slice(0, triedEventsMax)) {
    const { live: run } = await testEvent(raw, { live, draft: undefined, environment, nowMs });
    events.push(dryRunRow(run));
  }
  return { kind: 'events', events, more: read.events.length - events.length };
}
