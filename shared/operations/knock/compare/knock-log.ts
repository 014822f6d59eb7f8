import type { KnockMgmt } from '@knocklabs/mgmt';
import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue, sameJson } from '../../../core/json/values.ts';
import { comparable, type Effect } from './effects.ts';

const map = z.custom<JsonObject>(isJsonObject).nullish();

const LogAction = z.object({
  action_type: z.string().default(''),
  action_status: z.string().nullish(),
  action_parameters: map,
  action_payload: map,
  action_result: map,
});
type LogAction = z.infer<typeof LogAction>;

const LogEntry = z.object({
  id: z.string(),
  event: z.string(),
  data: map,
  inserted_at: z.string().nullish(),
  verification_status: z.string().nullish(),
  actions: z.array(LogAction).default([]),
});
export type KnockLogEntry = z.infer<typeof LogEntry>;

/** What Knock's source log says since a time, oldest first. */
export async function readKnockLog(
  client: KnockMgmt,
  source: string,
  environment: string,
  sinceMs: number,
): Promise<KnockLogEntry[]> {
  const entries: KnockLogEntry[] = [];
  let after: string | undefined;
  do {
    const page = await client.get<unknown>(`/v1/sources/${encodeURIComponent(source)}/logs`, {
      query: {
        environment,
        starting_at: new Date(sinceMs).toISOString(),
        'include[]': 'actions',
        limit: 50,
        ...(after !== undefined && { after }),
      },
    });
    const { entries: found, page_info: info } = Page.parse(page);
    entries.push(...found);
    after = info?.after ?? undefined;
  } while (after !== undefined);
  return entries.sort((a, b) => ((a.inserted_at ?? '') < (b.inserted_at ?? '') ? -1 : 1));
}

const Page = z.object({
  entries: z.array(LogEntry),
  page_info: z.object({ after: z.string().nullish() }).nullish(),
});

/**
 * Whether an entry is of the event with this body. How Knock nests the payload that it shows is not
 * documented: it may be the body, have the body as a member, or be the contents of the event, such as
 * its `properties`.
 */
export function isOfBody({ data }: KnockLogEntry, body: JsonValue): boolean {
  if (!data || Object.keys(data).length === 0) return false;
  if (sameJson(data, body) || Object.values(data).some((member) => sameJson(member, body))) return true;
  return isJsonObject(body) && Object.values(body).some((member) => sameJson(member, data));
}

/** Words of Knock's log for an action that did what it was asked. */
const doneWords = new Set(['success', 'succeeded', 'ok', 'completed']);

export function knockEffects({ actions }: KnockLogEntry): Effect[] {
  return actions.map((action) => {
    const status = action.action_status ?? 'none';
    return {
      action: action.action_type,
      status,
      done: doneWords.has(status.toLowerCase()),
      parameters: comparable(action.action_type, payloadOf(action)),
    };
  });
}

/** The resolved values; the key of a workflow may only be in its snapshot or among the parameters. */
function payloadOf({ action_payload: payload, action_parameters: parameters }: LogAction): JsonObject {
  const given = payload ?? {};
  if (given.key !== undefined) return given;
  const { workflow } = given;
  const key = isJsonObject(workflow) ? workflow.key : (workflow ?? parameters?.key);
  return typeof key === 'string' ? { ...given, key } : given;
}

/** Ids of the workflow runs that an event started at Knock. */
export function knockRunIds({ actions }: KnockLogEntry): string[] {
  return actions.flatMap(({ action_result: result }) => (typeof result?.id === 'string' ? [result.id] : []));
}
