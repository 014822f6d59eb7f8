import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { splitEvents } from '../../shared/core/ingest/split-events.ts';
import { isJsonObject, parseJson } from '../../shared/core/json/values.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
import { rudderstack } from '../../shared/core/sources/rudderstack.ts';
import { rawEvent } from '../support/build.ts';

/*
 * Real payloads from public projects, where a folder of them lies beside the repository. Checked against a plain second
 * reading of the rules, not against recorded output.
 */
const folder = new URL('../../../shared/fixtures/rudderstack/', import.meta.url);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];

// The vendor's own tests send these event names that are no names.
const rejected = new Map([
  ['nonstring-event-1.json', 'got a list'],
  ['nonstring-event-2.json', 'got a map'],
]);

(files.length > 0 ? describe : describe.skip)('real RudderStack payloads', () => {
  test.each(files.length > 0 ? files : ['none'])('%s', (name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const body = parseJson(text);
    if (!isJsonObject(body)) throw new Error('not an event');
    expect(splitEvents(text, rudderstack.batchWrapper)).toEqual({ kind: 'events', events: [{ text }] });

    const normalized = normalizeEvent(
      rawEvent(text),
      SourceFile.parse({ kind: 'rudderstack', name: 'R' }),
      SourceState.parse({}),
    );
    const refusal = rejected.get(name);
    if (refusal !== undefined) {
      expect(normalized).toMatchObject({
        kind: 'rejected',
        reason: 'payload_invalid',
        detail: expect.stringContaining(refusal),
      });
      return;
    }
    if (normalized.kind === 'rejected') throw new Error(normalized.detail);
    const { event } = normalized;
    const type = String(body.type).toLowerCase();
    expect(event.eventType).toBe(type === 'track' && body.event ? `track/${body.event}` : type);
    expect(event.userId).toBe(body.userId ? String(body.userId) : undefined);
    expect(event.keyCandidate).toBe(body.messageId ?? body.message_id);
    expect(event.body).toEqual(body);
    const said = body.timestamp ?? body.originalTimestamp;
    expect(event.occurredAtMs).toBe(said === undefined ? event.receivedAtMs : Date.parse(String(said)));
    const context = isJsonObject(body.context) && isJsonObject(body.context.traits) ? body.context.traits : {};
    const traits = isJsonObject(body.traits) ? body.traits : {};
    const properties = isJsonObject(body.properties) ? body.properties : {};
    expect(event.data).toEqual(
      type === 'identify' ? { ...context, ...traits } : type === 'group' ? traits : properties,
    );
  });
});
