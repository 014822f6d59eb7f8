import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { splitEvents } from '../../shared/core/ingest/split-events.ts';
import { isJsonObject, type JsonValue, parseJson } from '../../shared/core/json/values.ts';
import { sourceKind } from '../../shared/core/sources/index.ts';
import { normalizeEvent, preprocessEvent } from '../../shared/core/sources/normalize.ts';
import { rawEvent } from '../support/build.ts';

/* Real payloads from public projects, where a folder of them lies beside the repository. */

/** What becomes of one event: its type, user and key, or why it has none; or why its request is refused. */
export type Fate =
  | { type: string; user?: string; key?: JsonValue; at?: string }
  | { rejected: string; detail?: string }
  | { refused: string; detail?: string };

export type Expected = {
  /** Of the source's file, beside its kind. */
  file?: Record<string, unknown>;
  /** In the order of the request. */
  events: Fate[];
};

const preprocessor = makePreprocessor(() => 0);

/** What becomes of each event of a request. */
export async function fatesOf(kind: string, text: string, file: Record<string, unknown> = {}): Promise<Fate[]> {
  const sender = sourceKind(kind);
  if (sender === undefined) throw new Error(`there is no kind ${kind}`);
  const parsed = SourceFile.parse({ kind, name: kind, ...file });
  const split = splitEvents(text, sender.batchWrapper);
  if (split.kind === 'refused') return [{ refused: split.reason }];
  return Promise.all(
    split.events.map(async ({ text }) => {
      const body = parseJson(text);
      const problem = isJsonObject(body) ? sender.refuses?.(body) : undefined;
      if (problem) return { refused: 'event_invalid', detail: `${problem.field}: ${problem.got}` };
      const raw = rawEvent(text);
      const made = await preprocessEvent(raw, parsed, preprocessor);
      const normalized = normalizeEvent(raw, parsed, SourceState.parse({}), made);
      expect(normalized.preprocessing?.error).toBeUndefined();
      if (normalized.kind === 'rejected') return { rejected: normalized.reason };
      const { event } = normalized;
      // Nothing of an event is lost or changed on the way, long numbers least of all.
      expect(event.body).toEqual(body);
      return {
        type: event.eventType,
        ...(event.userId !== undefined && { user: event.userId }),
        ...(event.keyCandidate !== undefined && { key: event.keyCandidate }),
        ...(event.occurredAtMs !== event.receivedAtMs && { at: new Date(event.occurredAtMs).toISOString() }),
      };
    }),
  );
}

/**
 * Tests that every file of a folder is in the table, and that each becomes what the table says.
 *
 * @param textOf the body of the request, where a file wraps it
 */
export function describePayloads(
  folder: string,
  kind: string,
  expected: Record<string, Expected>,
  textOf: (file: string) => string = (file) => file,
): void {
  const url = new URL(`../../../shared/fixtures/${folder}/`, import.meta.url);
  const isThere = existsSync(url);
  (isThere ? describe : describe.skip)(`real payloads: ${folder}`, () => {
    test('are all in the table', () => {
      expect(readdirSync(url).filter((name) => name.endsWith('.json'))).toEqual(Object.keys(expected).sort());
    });

    test.each(Object.entries(expected))('%s', async (name, { file, events }) => {
      expect(await fatesOf(kind, textOf(readFileSync(new URL(name, url), 'utf8')), file)).toEqual(events);
    });
  });
}
