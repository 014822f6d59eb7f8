import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { itemFromEntry, plainItem } from '../../shared/adapters/dynamodb-event-log.ts';
import { SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import { validKey } from '../../shared/core/ids/claim-key.ts';
import { splitEvents } from '../../shared/core/ingest/split-events.ts';
import { itemBytes } from '../../shared/core/json/item-bytes.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { sourceKind } from '../../shared/core/sources/index.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
import { rawEvent } from '../support/build.ts';
import { requestHeaders } from './sample-events.ts';

/** The bytes of one event's row: as it is written, and as it would be if it were never packed. */
export type RowBytes = { written: number; plain: number };

/** The rows of a request of a kind of sender, each as it is after a happy run. */
export function eventRows(kind: string, request: string): RowBytes[] {
  const split = splitEvents(request, sourceKind(kind)?.batchWrapper);
  return split.kind === 'refused' ? [] : split.events.map(({ text }) => eventRow(kind, text));
}

const rowOptions = { retentionDays: 30, usersIndex: true };

function eventRow(kind: string, body: string): RowBytes {
  const payload = packEventText({ headers: requestHeaders, body });
  const raw = { ...rawEvent(undefined, { source: kind }), payload, verification: 'not_enforced:verified' as const };
  const normalized = normalizeEvent(raw, SourceFile.parse({ kind, name: kind }), SourceState.parse({}));
  // Where a type's path is the source's to configure, the event has none here.
  const event = normalized.kind === 'normalized' ? normalized.event : undefined;
  const key = validKey(event?.keyCandidate);
  const entry: EventLogEntry = {
    id: raw.id,
    source: raw.source,
    eventType: event?.eventType ?? 'track/order_completed',
    ...(event?.userId !== undefined && { userId: event.userId }),
    ...(key !== undefined && { key }),
    execution: raw.id,
    configVersion: 12,
    verification: raw.verification,
    actionsPlanned: 1,
    receivedAtMs: Date.now(),
    processedAtMs: Date.now(),
    status: 'processed',
    payload,
  };
  return { written: itemBytes(itemFromEntry(entry, rowOptions)), plain: itemBytes(plainItem(entry, rowOptions)) };
}

const folders = new URL('../../../shared/fixtures/', import.meta.url);

/** Rows of real payloads by kind of sender; none where no folder of them lies beside the repository. */
export function rowsOfRealPayloads(): Map<string, RowBytes[]> {
  const names = existsSync(folders) ? readdirSync(folders).sort() : [];
  return new Map(
    names.map((name) => {
      const folder = new URL(`${name}/`, folders);
      const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
      const kind = name === 'generic-http' ? 'http' : name;
      return [kind, files.flatMap((file) => eventRows(kind, bodyOf(readFileSync(new URL(file, folder), 'utf8'))))];
    }),
  );
}

/** A file holds a body, or a whole request with its body as text. Senders write JSON without blanks. */
function bodyOf(file: string): string {
  const content = JSON.parse(file);
  return typeof content.body === 'string' && 'query' in content ? content.body : JSON.stringify(content);
}
