import { findAction } from '../actions/index.ts';
import { erasedDetail, withoutErased } from '../actions/parts/without-erased.ts';
import type { ErasedPersons } from '../ids/erased-persons.ts';
import type { ActionsMessage, Invocation } from '../plan/actions-message.ts';

/**
 * A message without the persons who were erased after it was sent. All actions of an erased
 * person's event are refused; of other events, those that are for erased persons alone.
 * @returns `leftOut`: how many erased persons were taken out of an invocation's parameters, by id
 */
export function messageWithoutErased(
  message: ActionsMessage,
  erased: ErasedPersons | undefined,
): { message: ActionsMessage; leftOut: ReadonlyMap<string, number> } {
  const leftOut = new Map<string, number>();
  if (erased === undefined) return { message, leftOut };
  const { userId, data, ...rest } = message;
  if (userId !== undefined && erased.has(userId))
    return { message: { ...rest, invocations: message.invocations.map(refused) }, leftOut };
  const invocations = message.invocations.map((invocation) => {
    const action = findAction(invocation.action);
    if (action === undefined) return invocation;
    const without = withoutErased(action, invocation.payload, erased);
    if (without.kind === 'refused') return refused(invocation);
    if (without.leftOut === 0) return invocation;
    leftOut.set(invocation.id, without.leftOut);
    return { ...invocation, payload: without.payload };
  });
  return { message: { ...message, invocations }, leftOut };
}

function refused(invocation: Invocation): Invocation {
  return { ...invocation, payload: {}, refused: { reason: 'person_erased', detail: erasedDetail } };
}
