import { writeFileSync } from 'node:fs';
import { BatchWriteItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { type Attribute, fileOf, type Item, type Recording } from './kept.ts';
import { allTables, type Pipeline, queueNames } from './pipeline.ts';

/** One line for each item and message, so that a change of the file can be read. */
export function writeRecording(recording: Recording): void {
  const { queues, tables, sent, counted, ...head } = recording;
  const list = (values: unknown[]) => `[\n${values.map((value) => JSON.stringify(value)).join(',\n')}\n]`;
  const map = (lists: Record<string, unknown[]>) =>
    `{\n${Object.entries(lists)
      .map(([name, values]) => `"${name}": ${list(values)}`)
      .join(',\n')}\n}`;
  const parts = [
    ...Object.entries(head).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`),
    `"sent": ${list(sent)}`,
    `"counted": ${list(counted)}`,
    `"queues": ${map(queues)}`,
    `"tables": ${map(tables)}`,
  ];
  writeFileSync(fileOf(recording.commit), `{\n${parts.join(',\n')}\n}\n`);
}

const mapBinary = (attribute: Attribute, change: (value: unknown) => unknown): Attribute =>
  Object.fromEntries(
    Object.entries(attribute).map(([type, value]) => {
      if (type === 'B') return [type, change(value)];
      if (type === 'M') return [type, mapItem(value as Item, change)];
      if (type === 'L') return [type, (value as Attribute[]).map((one) => mapBinary(one, change))];
      return [type, value];
    }),
  );
const mapItem = (item: Item, change: (value: unknown) => unknown): Item =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, mapBinary(value, change)]));

/** All rows of the tables, and all messages, which it takes out of their queues. */
export async function readStores(pipeline: Pipeline): Promise<Pick<Recording, 'queues' | 'tables'>> {
  const client = pipeline.tables.client as unknown as DynamoDBClient;
  const tables: Recording['tables'] = {};
  for (const name of allTables) {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: name }));
    tables[name] = Items.map((item) =>
      mapItem(item as unknown as Item, (bytes) => Buffer.from(bytes as Uint8Array).toString('base64')),
    );
  }
  const queues = {} as Recording['queues'];
  for (const name of queueNames) {
    queues[name] = [];
    // Delayed messages show themselves when their time has come.
    while ((await pipeline.depth(name)) > 0) {
      const messages = await pipeline.receive(name);
      queues[name].push(...messages.map(({ Body }) => String(Body)));
      await pipeline.remove(name, messages);
      if (messages.length === 0) pipeline.clock.moveOn(5_000);
    }
  }
  return { queues, tables };
}

export async function loadRecording(pipeline: Pipeline, { tables, queues, counted }: Recording): Promise<void> {
  const client = pipeline.tables.client as unknown as DynamoDBClient;
  for (const [name, items] of Object.entries(tables)) {
    for (let i = 0; i < items.length; i += 25) {
      const puts = items
        .slice(i, i + 25)
        .map((item) => ({ PutRequest: { Item: mapItem(item, (text) => Buffer.from(text as string, 'base64')) } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: puts } } as never));
    }
  }
  for (const name of queueNames) for (const body of queues[name]) await pipeline.send(name, body);
  pipeline.count(counted);
}
