import { findAction } from '../../shared/core/actions/index.ts';
import type { EntityRef, ObjectRef } from '../../shared/core/ids/entity-ref.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import type { ActionContext } from '../../shared/core/runs/action-context.ts';
import { contextNowMs, makeActionContext } from './fakes-workflow-trigger.ts';

export const user = (id: string): EntityRef => ({ kind: 'user', id });
export const object = (collection: string, id: string): ObjectRef => ({ kind: 'object', collection, id });

/** When an event happened, in seconds of the tests' own: `at(2)` is later than `at(1)`, and both are past. */
export const at = (seconds: number) => contextNowMs - 600_000 + seconds * 1000;

/** Runs an action as of a moment. */
export async function act(
  context: ActionContext,
  action: string,
  payload: JsonObject,
  { seconds = 1, id = `${action}-${seconds}` }: { seconds?: number; id?: string } = {},
) {
  const found = findAction(action);
  if (found === undefined) throw new Error(`there is no action ${action}`);
  return found.run(payload, { ...context, id, event: { ...context.event, occurredAtMs: at(seconds) } });
}

/** What anybody could find out about a user and an object, whatever arrived when. */
export async function visible(context: Pick<ActionContext, 'directory' | 'subscriptions' | 'audiences'>, id: string) {
  const { directory, subscriptions, audiences } = context;
  const [[found], subscribed, members] = await Promise.all([
    directory.readEach([user(id)]),
    subscriptions.subscriptionsOf(user(id), { limit: 100 }),
    audiences.membershipsOf(id, { limit: 100 }),
  ]);
  return {
    user: found?.attributes ?? 'absent',
    subscriptions: subscribed.entries.map(({ object, properties }) => [object.collection, object.id, properties]),
    audiences: members.entries.map(({ audience, tenant }) => [audience, tenant]),
  };
}

export { makeActionContext };
