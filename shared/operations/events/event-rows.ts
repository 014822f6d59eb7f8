import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { inChunks } from '../tables/newest-first.ts';
import { type EventRow, eventRow } from './event-row.ts';

/**
 * Events as rows, each with the counts of its actions. The action log is read for `atOnce` events
 * together, up to 100.
 */
export async function* eventRows(
  environment: Environment,
  entries: AsyncIterable<EventLogEntry>,
  atOnce: number,
): AsyncGenerator<EventRow> {
  for await (const chunk of inChunks(entries, Math.min(atOnce, 100))) {
    const logs = await readActionLogs(actionLogOf(environment), chunk);
    for (const entry of chunk) yield eventRow(entry, logs.get(entry.execution ?? ''));
  }
}
