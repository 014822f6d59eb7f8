import { randomBytes } from 'node:crypto';
import { namedHeaders } from '../../core/configuration/named-headers.ts';
import type { SourceFile } from '../../core/configuration/schema.ts';
import { packEventText, payloadBytesMax, type RawEvent } from '../../core/events/raw-event.ts';
import { makeEventId } from '../../core/ids/event-id.ts';
import { keptHeaders } from '../../core/ingest/kept-headers.ts';
import { readBody } from '../../core/ingest/read-body.ts';
import { type Refusal, refused } from '../../core/ingest/refusal.ts';
import { splitEvents } from '../../core/ingest/split-events.ts';
import { redactMembers } from '../../core/json/redact-members.ts';
import { redactedMembers, verifierOf } from '../../core/live/effective-settings.ts';
import { sourceKind } from '../../core/sources/index.ts';

export type PayloadRequest = {
  source: string;
  file: SourceFile;
  /** Headers that the source's configuration reads. Default: those in its file. */
  namedHeaders?: readonly string[];
  /** Names in lower case. */
  headers: Record<string, string>;
  rawBody: Uint8Array;
  nowMs: number;
};

/**
 * The events of a request's body as ingest would queue them: inflated, split, with the kept
 * headers. It does not verify the sender.
 * @throws Error for a kind of source that this version does not know; the configuration was checked
 * for that before
 */
export function readPayload(request: PayloadRequest): { kind: 'events'; events: RawEvent[] } | Refusal {
  const { source, file, headers, rawBody, nowMs } = request;
  const kind = sourceKind(file.kind);
  if (kind === undefined)
    throw new Error(`source "${source}" is of kind "${file.kind}", which this version does not know`);
  const body = readBody(rawBody, headers['content-encoding']);
  if (body.kind === 'refused') return body;
  const split = splitEvents(body.text, kind.batchWrapper);
  if (split.kind === 'refused') return split;
  const { namedHeaders: named = namedHeaders({ file, settings: { idempotency: {} } }) } = request;
  const redact = redactedMembers(kind, file);
  const kept = keptHeaders(headers, {
    kind,
    file,
    verifier: verifierOf(kind, file),
    redact,
    namedHeaders: named,
  });
  const events: RawEvent[] = [];
  for (const { text, batchIndex } of split.events) {
    const payload = packEventText({ headers: kept, body: redactMembers(text, redact) });
    if (payload.length > payloadBytesMax) {
      const detail = `an event has ${payload.length} bytes compressed; at most ${payloadBytesMax} are accepted`;
      return refused('event_too_large', detail, batchIndex);
    }
    const id = makeEventId(source, 0, nowMs, randomBytes(12));
    events.push({
      id,
      source,
      verification: 'not_enforced:skipped',
      payload,
      ...(batchIndex !== undefined && { batchIndex }),
    });
  }
  return { kind: 'events', events };
}
