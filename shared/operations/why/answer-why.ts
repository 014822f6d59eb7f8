import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import { type UserRow, userRow } from '../directory/user-row.ts';
import type { Environment } from '../environment.ts';
import { type EventRow, eventRow } from '../events/event-row.ts';
import { notFound, usageError } from '../refusal.ts';
import { type RunRow, runRow } from '../runs/run-row.ts';
import { readSources } from '../sources/known-sources.ts';
import { iso } from '../words/iso.ts';
import { type Resolved, resolveId } from './resolve-id.ts';
import { type EventStory, tellEvent } from './why.ts';

/* `--json` of `why`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

/** The story of the event that an id leads to. */
export type WhyEvent = { found_as: Extract<Resolved, { eventId: string }>['as']; asked: string } & EventStory;

/** An id of several events, to choose from. */
export type WhyUser = { found_as: 'user'; id: string; user: UserRow | null; events: EventRow[]; runs: RunRow[] };
export type WhyMessages = {
  found_as: 'messages';
  claims: { event_id: string; source: string; event_type: string; expires_at: string }[];
};

export type WhyAnswer = WhyEvent | WhyUser | WhyMessages;

/**
 * What is known of any id: of an event, a message, a user, a run, an action, a call of the API.
 * @throws Refusal (not found) when nothing is called so, and what was looked for
 */
export async function answerWhy(environment: Environment, asked: string, nowMs: number): Promise<WhyAnswer> {
  if (asked.trim() === '') throw usageError('why what? give an event id, a message id, a user id or a run id');
  const { known } = await readSources(environment);
  const resolved = await resolveId(environment, asked, known);
  if (resolved.as === 'nothing')
    throw notFound(
      `nothing in ${environment.name} is called "${asked}"`,
      'looked for an event, a message id within its window, a user, a run, and a failed action',
      'message ids of events without actions are not kept by key: npx signalbox events --user ID finds those of one user',
    );
  if (resolved.as === 'user') return userAnswer(environment, resolved);
  if (resolved.as === 'messages') {
    const claims = resolved.claims.map(({ claim, source, eventType }) => ({
      event_id: claim.owner,
      source,
      event_type: eventType,
      expires_at: iso(claim.expiresAtMs),
    }));
    return { found_as: 'messages', claims };
  }
  const story = await tellEvent(environment, resolved.eventId, known, nowMs);
  if (story === undefined)
    throw notFound(
      `${resolved.eventId} has the form of an event id, but no source of ${environment.name} can have made it`,
      'is it of another environment? -e NAME',
    );
  return { found_as: resolved.as, asked, ...story };
}

async function userAnswer(
  environment: Environment,
  { id, user, events, runs }: Extract<Resolved, { as: 'user' }>,
): Promise<WhyUser> {
  const logs = await readActionLogs(actionLogOf(environment), events);
  return {
    found_as: 'user',
    id,
    user: user ? userRow(user) : null,
    events: events.map((entry) => eventRow(entry, logs.get(entry.execution ?? ''))),
    runs: runs.map(runRow),
  };
}
