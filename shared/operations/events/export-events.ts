import { safeJson, safeJsonLine } from '../words/text.ts';
import { eventRow } from './event-row.ts';
import type { FoundEvent } from './event-search.ts';
import { eventOfRow } from './event-text.ts';

/**
 * An event as one line of NDJSON: the fields of its row, `headers`, and `event`, its JSON as it was
 * received, numbers to the last digit. A text that is not JSON is in `event_text`, and `event` is
 * null; both are null for bytes that cannot be unpacked.
 */
export function exportLine({ entry, log }: FoundEvent): string {
  const text = eventOfRow(entry);
  const isJson = text !== undefined && canParse(text.body);
  const head = safeJson({ ...eventRow(entry, log), headers: text?.headers ?? null });
  const event = isJson ? safeJsonLine(text.body) : 'null';
  const eventText = text === undefined || isJson ? 'null' : safeJson(text.body);
  return `${head.slice(0, -1)},"event":${event},"event_text":${eventText}}`;
}

function canParse(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
