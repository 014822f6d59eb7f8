import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { readSources } from '../sources/known-sources.ts';
import { type EventDetailRow, eventRow } from './event-row.ts';
import { eventLogOf, readEvent } from './events.ts';
import { configurationOf, consideredRows, recompute } from './recompute.ts';

/** One event with all its stored data, and its mappings in its configuration version. */
export async function readEventDetail(environment: Environment, id: string): Promise<EventDetailRow | undefined> {
  const { known } = await readSources(environment);
  const entry = await readEvent(eventLogOf(environment), id, known);
  if (entry === undefined) return undefined;
  const [logs, { configuration, exact }] = await Promise.all([
    readActionLogs(actionLogOf(environment), [entry]),
    configurationOf(environment, entry),
  ]);
  const recomputed = await recompute(entry, configuration, exact);
  return {
    ...eventRow(entry, logs.get(entry.execution ?? '')),
    data: recomputed.planned?.event?.data ?? null,
    event: recomputed.text ?? null,
    headers: recomputed.headers,
    mappings: consideredRows(recomputed, entry.status),
  };
}
