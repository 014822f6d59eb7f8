import type { JsonObject, JsonValue } from '../../shared/core/json/values.ts';
import type { ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';

/** What was carried out of one execution, and when its event happened. */
export type Carried = {
  execution: string;
  occurredAtMs: number;
  actions: Pick<ActionOutcome, 'action' | 'mapping' | 'payload'>[];
};

/**
 * The same events by the plainest of programs: one after the other, nothing fails, nothing is repeated. Where the order of
 * arrival does not matter (source time decides, effects are keyed) the pipeline must end with the very same.
 */
export function sequentially(carried: Carried[]) {
  const users = new Map<string, Map<string, { value: JsonValue; atMs: number }>>();
  const projects = new Map<string, Map<string, { value: JsonValue; atMs: number }>>();
  const followers = new Map<string, Set<string>>();
  /** Runs for whoever is named; those of followers depend on who followed first. */
  const runs = new Set<string>();

  const set = (all: typeof users, id: string, properties: JsonObject, atMs: number) => {
    const entity = all.get(id) ?? new Map();
    all.set(id, entity);
    for (const [name, value] of Object.entries(properties))
      if (!((entity.get(name)?.atMs ?? Number.NEGATIVE_INFINITY) > atMs)) entity.set(name, { value, atMs });
  };

  for (const { execution, occurredAtMs, actions } of carried) {
    for (const { action, mapping, payload } of actions) {
      if (action === 'users_identify') set(users, String(payload.id), storedOfUser(payload), occurredAtMs);
      if (action === 'objects_set')
        set(projects, String(payload.id), stored((payload.properties ?? {}) as JsonObject), occurredAtMs);
      if (action === 'objects_subscribe') {
        for (const { id } of payload.recipients as { id: string }[]) {
          set(users, id, {}, occurredAtMs);
          followers.set(String(payload.id), (followers.get(String(payload.id)) ?? new Set()).add(id));
        }
      }
      if (action === 'workflows_trigger') {
        for (const recipient of recipientsOf(payload.recipients)) runs.add(`${execution} ${mapping} ${recipient}`);
        if (Array.isArray(payload.recipients))
          for (const { id } of payload.recipients as { id: string }[]) set(users, id, {}, occurredAtMs);
      }
    }
  }
  const plain = (all: typeof users) =>
    Object.fromEntries(
      [...all].map(([id, entity]) => [id, Object.fromEntries([...entity].map(([name, { value }]) => [name, value]))]),
    );
  return { users: plain(users), projects: plain(projects), followers, runs };
}

/** Fields of a user are text or nothing; `phone` is a field by another name. */
function storedOfUser({ properties = {}, name, avatar }: JsonObject): JsonObject {
  const { phone, ...others } = properties as JsonObject;
  const given = { ...others, ...(phone !== undefined && { phone_number: phone }) };
  const explicit = { ...(name !== undefined && { name }), ...(avatar !== undefined && { avatar }) };
  const fields = ['name', 'avatar', 'phone_number', 'timezone'];
  const isKept = ([field, value]: [string, JsonValue]) => !fields.includes(field) || typeof value === 'string';
  return stored(Object.fromEntries(Object.entries({ ...given, ...explicit }).filter(isKept)));
}

/** Half a surrogate pair is not text that a table could keep. */
function stored(properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, typeof value === 'string' ? value.toWellFormed() : value]),
  );
}

function recipientsOf(recipients: unknown): string[] {
  if (typeof recipients === 'string') return [recipients];
  if (Array.isArray(recipients)) return recipients.map(({ id }) => String(id));
  const { collection, id } = recipients as { collection: string; id: string };
  return [`${collection}/${id}`];
}
