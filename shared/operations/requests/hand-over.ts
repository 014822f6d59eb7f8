import type { Action } from '../../core/actions/action.ts';
import { RetryableError } from '../../core/errors.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import { invocationId } from '../../core/ids/invocation-id.ts';
import type { JsonObject } from '../../core/json/values.ts';
import type { ActionsMessage } from '../../core/plan/actions-message.ts';
import { type ApiRequest, apiMapping, type RequestPorts } from './request.ts';

/**
 * Hands an action to `workflow-trigger`, which runs it as an event's: with retries for 24 hours, and
 * a row in the action log. For what may take longer than a request, or reaches workflow runs.
 * @param occurredAtMs the moment as of which it acts; default: when the request was received
 * @throws RetryableError when the queue did not take it
 */
export async function handOver(
  action: Action,
  payload: JsonObject,
  request: ApiRequest,
  ports: RequestPorts,
  occurredAtMs = request.receivedAtMs,
): Promise<void> {
  const message = await messageFor(action, payload, request, ports);
  await sendMessage({ ...message, occurredAtMs }, ports);
}

/** The message that hands an action over. */
export async function messageFor(
  action: Action,
  payload: JsonObject,
  request: ApiRequest,
  ports: Pick<RequestPorts, 'configuration' | 'nowMs'>,
): Promise<ActionsMessage> {
  const { version } = await ports.configuration();
  return {
    eventId: request.id,
    source: apiSource,
    eventType: request.call,
    execution: request.id,
    origin: request.id,
    configVersion: version,
    occurredAtMs: request.receivedAtMs,
    receivedAtMs: request.receivedAtMs,
    again: false,
    n: 1,
    firstSentAtMs: ports.nowMs(),
    invocations: [{ id: invocationId(request.id, apiMapping), mapping: apiMapping, action: action.id, payload }],
  };
}

/** @throws RetryableError when the queue did not take it; it may have it all the same */
export async function sendMessage(
  message: ActionsMessage,
  { actionsQueue }: Pick<RequestPorts, 'actionsQueue'>,
): Promise<void> {
  const [sent] = await actionsQueue.sendEach([message]);
  if (sent?.sent) return;
  throw new RetryableError('the actions queue did not take the action', { cause: sent?.error });
}
