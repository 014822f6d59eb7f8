import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { retryForMs } from '../../shared/core/executions/retry-message.ts';
import { decodeActionsMessage, encodeActionsMessage } from '../../shared/core/plan/actions-message.ts';

/** What of Fastify is used, which serves the emulated queues: https://fastify.dev/docs/latest/Reference/Hooks/#onsend */
type Fastify = { addHook(name: 'onSend', hook: Hook): void };
type Hook = (
  request: { headers: Record<string, string | string[] | undefined> },
  reply: unknown,
  payload: unknown,
  done: (error: null, payload: unknown) => void,
) => void;

export type DayOldActions = {
  /** Whether messages are received as if they had waited for a day. */
  isOld: boolean;
  stop(): void;
};

/**
 * For an outage that lasts longer than retries do, in seconds: while `isOld` is set, each message with actions is received
 * as one that was first sent a day ago. Begin before the queues start.
 */
export function makeDayOldActions(): DayOldActions {
  const old: DayOldActions = { isOld: false, stop: () => unsubscribe('fastify.initialization', begin) };
  function begin(message: unknown): void {
    (message as { fastify: Fastify }).fastify.addHook('onSend', ({ headers }, _reply, payload, done) => {
      const isReceived = old.isOld && headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage';
      done(null, isReceived && typeof payload === 'string' ? aged(payload) : payload);
    });
  }
  subscribe('fastify.initialization', begin);
  return old;
}

function aged(payload: string): string {
  const answer = JSON.parse(payload) as { Messages?: { Body: string }[] };
  for (const message of answer.Messages ?? []) message.Body = agedBody(message.Body);
  return JSON.stringify(answer);
}

function agedBody(body: string): string {
  if (!body.includes('first_sent_at_ms')) return body;
  const message = decodeActionsMessage(body);
  const encoded = encodeActionsMessage({ ...message, firstSentAtMs: message.firstSentAtMs - retryForMs });
  if ('tooLarge' in encoded) throw new Error('a message grew by being older');
  return encoded.text;
}
