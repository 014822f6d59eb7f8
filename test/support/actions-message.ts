import type { SQSRecord } from 'aws-lambda';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import { type ActionsMessage, encodeActionsMessage, type Invocation } from '../../shared/core/plan/actions-message.ts';
import { sqsRecord } from './build.ts';
import { contextNowMs } from './fakes-workflow-trigger.ts';

export const testExecution = '01KAJ6VY008M25RXK0Q4T9B7C0';

/** A message as the processor emits it: one execution's actions. */
export function actionsMessage(change: Partial<ActionsMessage> = {}): ActionsMessage {
  const execution = change.execution ?? testExecution;
  return {
    eventId: execution,
    source: 'rudderstack',
    eventType: 'track/order_completed',
    execution,
    origin: execution,
    configVersion: 7,
    userId: 'lena',
    occurredAtMs: contextNowMs - 1000,
    receivedAtMs: contextNowMs,
    again: false,
    n: 1,
    firstSentAtMs: contextNowMs,
    invocations: [],
    ...change,
  };
}

export function invocation(
  action: string,
  mapping: string,
  payload: JsonObject,
  execution = testExecution,
): Invocation {
  return { id: invocationId(execution, mapping), action, mapping, payload };
}

export function actionsRecord(message: ActionsMessage, receiveCount = 1): SQSRecord {
  const encoded = encodeActionsMessage(message);
  if ('tooLarge' in encoded) throw new Error(`the message has ${encoded.tooLarge} bytes`);
  return sqsRecord(encoded.text, receiveCount);
}
