import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { NotAccepted, RefusalNotes } from '../ports/refusal-notes.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

const refreshAfterMs = 5 * 60_000;
const partition = 'refusals';

/**
 * Notes in the Configuration table: `pk = refusals`, `sk = {source}#{reason}`. A stranger cannot
 * fill the table or buy writes: sources and reasons are closed lists, and a process writes each pair
 * at most every five minutes.
 *
 * @param onFailure a note that could not be written; nothing else comes of it
 */
export function makeRefusalNotes(table: ConfigurationTable, onFailure: (error: unknown) => void): RefusalNotes {
  const notedAtMs = new Map<string, number>();
  return {
    async note({ source, reason, requestId, atMs }) {
      const sk = `${source}#${reason}`;
      if (atMs - (notedAtMs.get(sk) ?? Number.NEGATIVE_INFINITY) < refreshAfterMs) return;
      // Before the call, so that a table that is down is not asked by every request.
      notedAtMs.set(sk, atMs);
      try {
        await table.client.send(
          new UpdateCommand({
            TableName: table.table,
            Key: { pk: partition, sk },
            UpdateExpression: 'SET last_at = :at, request_id = :id',
            ExpressionAttributeValues: { ':at': new Date(atMs).toISOString(), ':id': requestId ?? '' },
          }),
        );
      } catch (error) {
        onFailure(error);
      }
    },
  };
}

/** Every note, by source and reason. */
export async function listRefusalNotes(table: ConfigurationTable): Promise<NotAccepted[]> {
  const items = await queryAll(table, partition);
  return items.map((item) => {
    // A reason has no `#`, and a key of a source has none either.
    const [source = '', reason = ''] = String(item.sk).split('#');
    const requestId = typeof item.request_id === 'string' && item.request_id !== '' ? item.request_id : undefined;
    return { source, reason, requestId, atMs: Date.parse(String(item.last_at)) };
  });
}
