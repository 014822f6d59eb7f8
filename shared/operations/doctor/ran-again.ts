import { entryFromItem, eventItemKey } from '../../adapters/dynamodb-event-log.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, executionsOfEvent, readExecutions, type WithActionLog } from '../actions/actions.ts';
import { eventLogOf, type WithEventLog } from '../events/events.ts';

export type WithLogs = WithEventLog & WithActionLog;

/**
 * Of these events, those that were run again as new ones which came to their end. What is wrong with
 * a copy is counted at the copy. One that waits, ran nothing or has no row yet replaces nothing.
 */
export async function replacedByCopies(
  environment: WithLogs,
  events: readonly { eventId: string; source: string }[],
): Promise<Set<string>> {
  const { client, table } = eventLogOf(environment);
  const sourceOf = new Map(events.map(({ eventId, source }) => [eventId, source]));
  const keys = [...sourceOf].map(([id, source]) => eventItemKey(id, source));
  const originals = await getEach(client, keys, { table, what: 'reading what ran again', attributes: ['replays'] });
  const copyOf = new Map(
    originals.flatMap((item): [string, string][] => {
      // Ids sort by time: the newest says how it is now.
      const copy = [...((item?.replays as Set<string> | undefined) ?? [])].sort().at(-1);
      return item === undefined || copy === undefined ? [] : [[String(item.sk), copy]];
    }),
  );
  const pairs = [...copyOf];
  const copies = await getEach(
    client,
    pairs.map(([original, copy]) => eventItemKey(copy, sourceOf.get(original) ?? '')),
    { table, what: 'reading what ran again' },
  );
  const entries = copies.map((item) => (item === undefined ? undefined : entryFromItem(item)));
  const isAtEnd = await endsOf(environment, entries);
  return new Set(pairs.flatMap(([original], i) => (isAtEnd[i] ? [original] : [])));
}

async function endsOf(environment: WithLogs, entries: readonly (EventLogEntry | undefined)[]): Promise<boolean[]> {
  const executions = entries.map((entry) => (entry?.status === 'processed' ? executionsOfEvent(entry) : []));
  const logs = await readExecutions(actionLogOf(environment), executions.flat());
  return entries.map((entry, i) => {
    if (entry === undefined) return false;
    if (entry.status !== 'processed') return ['failed', 'rejected', 'discarded'].includes(entry.status);
    const own = (executions[i] ?? []).map((execution) => logs.get(execution));
    return own.length > 0 && own.every((log) => log?.actions.every(({ status }) => status !== 'pending') === true);
  });
}
