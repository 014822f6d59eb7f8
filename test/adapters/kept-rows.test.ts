import { readdirSync, readFileSync } from 'node:fs';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from '@jest/globals';
import * as actionLog from '../../shared/adapters/dynamodb-action-log.ts';
import * as eventLog from '../../shared/adapters/dynamodb-event-log.ts';
import { unpackEventText } from '../../shared/core/events/raw-event.ts';

/*
 * Rows as each version wrote them, kept in test/fixtures/rows as DynamoDB has them. Rows live for years, so each stays
 * readable. A new form or dictionary brings a new file here; none is changed or removed.
 */
type KeptRow = {
  about: string;
  item: Record<string, AttributeValue>;
  entry: Record<string, unknown>;
  headers?: Record<string, string>;
  body?: string;
};

const folder = new URL('../fixtures/rows/', import.meta.url);
const rows = readdirSync(folder).map((name): [string, KeptRow] => [
  name.replace('.json', ''),
  JSON.parse(readFileSync(new URL(name, folder), 'utf8'), (key, value) =>
    key === 'B' ? Buffer.from(value, 'base64') : value,
  ),
]);
const rowsOf = (log: string) => rows.filter(([name]) => name.startsWith(log));

test('each dictionary has a kept row', () => {
  const dictionaries = readdirSync(new URL('../../shared/adapters/dictionaries/', import.meta.url));
  const used = rows.flatMap(([, { item }]) => (item.packed?.B === undefined ? [] : [`${item.packed.B[0]}.json`]));
  expect(used.sort()).toEqual(dictionaries.sort());
});

describe('kept rows of the event log', () => {
  test.each(rowsOf('event-'))('%s is read', (_name, { item, entry, headers, body }) => {
    const { payload, ...read } = eventLog.entryFromItem(unmarshall(item));
    expect(read).toEqual(entry);
    expect(unpackEventText(payload)).toEqual({ headers, body });
    expect(eventLog.sourceAndExecution(unmarshall(item))).toEqual({
      source: entry.source,
      execution: entry.execution,
    });
  });
});

describe('kept rows of the action log', () => {
  test.each(rowsOf('actions-'))('%s is read', (_name, { item, entry }) => {
    expect(actionLog.entryFromItem(unmarshall(item))).toEqual(entry);
  });
});
