import { randomBytes } from 'node:crypto';
import type { IngestDeps, IngestRequest } from '../../functions/ingest/ingest-request.ts';
import type { RawEvent } from '../../shared/core/events/raw-event.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { SendResult } from '../../shared/ports/queues.ts';
import type { NotAccepted, RefusalNotes } from '../../shared/ports/refusal-notes.ts';
import { liveConfiguration } from './build.ts';
import { type LogLine, makeKeptLog } from './function-log.ts';

export const ingestKey = 'ingest-key-of-the-tests';

/** A request to the RudderStack source with the right token, as the vendor would send it. */
export function ingestRequestOf(body: unknown, change: Partial<IngestRequest> = {}): IngestRequest {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return {
    method: 'POST',
    source: 'rudderstack',
    token: ingestToken(ingestKey, 'rudderstack', 1),
    headers: { 'content-type': 'application/json', 'user-agent': 'RudderLabs' },
    rawBody: Buffer.from(isRaw ? (body as string) : JSON.stringify(body)),
    ...change,
  };
}

export type TestIngest = IngestDeps & {
  notes: RefusalNotes;
  noted: NotAccepted[];
  log: { lines: LogLine[] };
  /** Now in force, and what a reload will find. */
  live: LiveConfiguration;
  reloaded: LiveConfiguration | undefined;
  /** By name below the prefix, and what a refresh will find instead. */
  stored: Map<string, string[]>;
  refreshed: Map<string, string[]>;
  /** Every call of a port, in order: `secrets.refresh ingest`. */
  calls: string[];
  /** Ports that fail, by the text of the call. */
  failing: Set<string>;
  sent: RawEvent[];
  /** What the queue answers, instead of taking everything. */
  answer: ((events: RawEvent[]) => SendResult[]) | undefined;
};

const alwaysDue = { isDue: () => true, found: () => undefined };

/** Ports in memory, each of which can be made to fail. */
export function makeTestIngest(): TestIngest {
  const call = (text: string) => {
    test.calls.push(text);
    if (test.failing.has(text)) throw new Error(`injected: ${text}`);
  };
  const test: TestIngest = {
    live: liveConfiguration(),
    reloaded: undefined,
    stored: new Map([['ingest', [ingestKey]]]),
    refreshed: new Map(),
    calls: [],
    failing: new Set(),
    sent: [],
    noted: [],
    notes: { note: async (request) => void test.noted.push(request) },
    answer: undefined,
    configuration: {
      async current() {
        call('configuration.current');
        return test.live;
      },
      async reload() {
        call('configuration.reload');
        return test.reloaded ?? test.live;
      },
    },
    secrets: {
      async valuesOf(name) {
        call(`secrets.valuesOf ${name}`);
        return test.stored.get(name);
      },
      async refresh(name) {
        call(`secrets.refresh ${name}`);
        return test.refreshed.get(name) ?? test.stored.get(name);
      },
    },
    events: {
      async sendEach(events) {
        call('events.sendEach');
        const results = test.answer?.(events) ?? events.map(() => ({ sent: true }) as const);
        test.sent.push(...events.filter((_, i) => results[i]?.sent));
        return results;
      },
    },
    logShards: 1,
    lookAgain: { configuration: alwaysDue, key: alwaysDue },
    log: makeKeptLog(),
    nowMs: () => Date.parse('2026-05-04T12:00:00Z'),
    randomBytes,
  };
  return test;
}
