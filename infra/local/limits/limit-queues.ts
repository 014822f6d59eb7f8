import type { IncomingMessage } from 'node:http';
import { type Entry, type FailedEntry, failedEntries, type QueueRequest, queueRefusal } from './queue-limits.ts';

type Reply = {
  code(status: number): Reply;
  type(type: string): Reply;
  send(body: string): void;
};
/** The part of https://fastify.dev/docs/latest/Reference/Hooks/ that is used here. */
export type HookedServer = {
  addHook(
    name: 'preHandler',
    hook: (request: { raw: IncomingMessage; body: unknown }, reply: Reply, done: () => void) => void,
  ): void;
  addHook(
    name: 'preSerialization',
    hook: (
      request: { raw: IncomingMessage },
      reply: unknown,
      answer: unknown,
      done: (error: null, answer: unknown) => void,
    ) => void,
  ): void;
};

/** Makes the embedded queues refuse what SQS refuses. docs/emulators.md lists what is left. */
export function limitQueues(server: unknown): void {
  const { addHook } = bound(server as HookedServer);
  const failedOf = new WeakMap<IncomingMessage, FailedEntry[]>();
  addHook('preHandler', (request, reply, done) => {
    const action = String(request.raw.headers['x-amz-target'] ?? '').replace('AmazonSQS.', '');
    const body = (request.body ?? {}) as QueueRequest;
    const refusal = queueRefusal(action, body);
    if (refusal !== undefined) {
      const error = { __type: `com.amazonaws.sqs#${refusal.type}`, message: refusal.message };
      reply.code(400).type('application/x-amz-json-1.0').send(JSON.stringify(error));
      return;
    }
    const failed = action === 'SendMessageBatch' ? failedEntries(body.Entries ?? []) : [];
    if (failed.length === 0) return done();
    const names = new Set(failed.map(({ Id }) => Id));
    const left: Entry[] = (body.Entries ?? []).filter(({ Id = '' }) => !names.has(Id));
    if (left.length === 0) {
      reply
        .code(200)
        .type('application/x-amz-json-1.0')
        .send(JSON.stringify({ Successful: [], Failed: failed }));
      return;
    }
    body.Entries = left;
    failedOf.set(request.raw, failed);
    done();
  });
  addHook('preSerialization', ({ raw }, _reply, answer, done) => {
    const failed = failedOf.get(raw);
    const sent = answer as { Failed?: FailedEntry[] };
    done(null, failed === undefined ? answer : { ...sent, Failed: [...(sent.Failed ?? []), ...failed] });
  });
}

function bound(server: HookedServer): HookedServer {
  return { addHook: server.addHook.bind(server) };
}
