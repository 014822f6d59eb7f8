import { createServer, type IncomingMessage } from 'node:http';

/** One request to DynamoDB or SQS, as it went over the wire. */
export type AwsCall = {
  service: 'dynamodb' | 'sqs';
  operation: string;
  tables: string[];
  /** A condition that did not hold. */
  refused: boolean;
  /** Capacity units by `Table` or `Table.index`. */
  writeUnits: Record<string, number>;
  readUnits: number;
  /** Messages in the answer of a receive; absent elsewhere. */
  received?: number;
  /** Bytes of messages, sent or received, with their attributes: what SQS counts in steps of 64 KB. */
  messageBytes: number;
  /** Whether messages that were sent name a group. */
  grouped: boolean;
  /** From the first byte of the request to the last of the answer. */
  startedMs: number;
  endedMs: number;
};

export type Wire = {
  url: string;
  /** Everything asked since the last look, in order. */
  take(): AwsCall[];
  stop(): Promise<void>;
};

type Capacity = { CapacityUnits?: number };
type ConsumedCapacity = Capacity & {
  TableName: string;
  Table?: Capacity;
  GlobalSecondaryIndexes?: Record<string, Capacity>;
};
type Message = { MessageBody?: string; Body?: string; MessageAttributes?: unknown; MessageGroupId?: string };
type Request = Message & { TableName?: string; RequestItems?: Record<string, unknown>; Entries?: Message[] };
type Answer = { __type?: string; ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[]; Messages?: Message[] };

const writes = new Set(['BatchWriteItem', 'PutItem', 'UpdateItem', 'DeleteItem']);

/**
 * Stands between functions and the emulators, passes every request on and counts it: what is counted is what was sent,
 * whoever sent it. DynamoDB is asked for the capacity that each request consumes, indexes apart.
 */
export async function startWire(upstream: { dynamodb: string; sqs: string }): Promise<Wire> {
  let calls: AwsCall[] = [];

  const server = createServer(async (request, response) => {
    const startedMs = performance.now();
    const [prefix = '', operation = ''] = String(request.headers['x-amz-target']).split('.');
    const service = prefix.startsWith('DynamoDB') ? 'dynamodb' : 'sqs';
    const asked = JSON.parse((await readAll(request)).toString()) as Request;
    const answer = await fetch(upstream[service], {
      method: 'POST',
      headers: headersOf(request),
      body: JSON.stringify(service === 'dynamodb' ? { ...asked, ReturnConsumedCapacity: 'INDEXES' } : asked),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const call = describe(service, operation, asked, JSON.parse(body.toString() || '{}'));
    calls.push({ ...call, startedMs, endedMs: performance.now() });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the wire has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    take() {
      const taken = calls;
      calls = [];
      return taken;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function describe(
  service: AwsCall['service'],
  operation: string,
  asked: Request,
  answer: Answer,
): Omit<AwsCall, 'startedMs' | 'endedMs'> {
  const refused = answer.__type?.endsWith('ConditionalCheckFailedException') ?? false;
  const tables = asked.RequestItems ? Object.keys(asked.RequestItems) : [asked.TableName ?? ''];
  const consumed = [answer.ConsumedCapacity ?? []].flat();
  const isWrite = writes.has(operation);
  const writeUnits: Record<string, number> = {};
  if (isWrite) for (const capacity of consumed) Object.assign(writeUnits, unitsOf(capacity));
  // A refused write is billed by the item that is there, and claims fit one unit; the emulator does not say so.
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
  if (refused) writeUnits[tables[0] ?? ''] = 1;
  const messages = service === 'sqs' ? [...(asked.Entries ?? [asked]), ...(answer.Messages ?? [])] : [];
  return {
    service,
    operation,
    tables,
    refused,
    writeUnits,
    readUnits: isWrite ? 0 : consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0),
    ...(operation === 'ReceiveMessage' && { received: answer.Messages?.length ?? 0 }),
    messageBytes: messages.reduce((sum, message) => sum + bytesOf(message), 0),
    grouped: messages.some(({ MessageGroupId }) => MessageGroupId !== undefined),
  };
}

function bytesOf({ MessageBody, Body, MessageAttributes }: Message): number {
  const attributes = MessageAttributes === undefined ? '' : JSON.stringify(MessageAttributes);
  return Buffer.byteLength(MessageBody ?? Body ?? '') + Buffer.byteLength(attributes);
}

function unitsOf({ TableName, CapacityUnits = 0, Table, GlobalSecondaryIndexes = {} }: ConsumedCapacity) {
  const ofIndexes = Object.entries(GlobalSecondaryIndexes).map(
    ([index, units]) => [`${TableName}.${index}`, units.CapacityUnits ?? 0] as const,
  );
  return Object.fromEntries([[TableName, Table?.CapacityUnits ?? CapacityUnits], ...ofIndexes]);
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    ['content-type', 'x-amz-target', 'authorization', 'x-amz-date'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
