import { randomUUID } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/core/json/values.ts';
import type { FakeAccount } from './knock-management.ts';

type Mapping = { event_type: string; action_type: string; action_parameters: JsonObject | null; active: boolean };
type Settings = { endpoint: string; event_type_path?: string | null; handle_identifies?: boolean };
type There = { settings: Settings; mappings: Mapping[] };

export type FakeLog = { source: string; slug: string; entry: JsonObject };

/**
 * What Knock does with an event, as far as its documents say it: the type, the mappings by exact type, parameters by path,
 * users and objects that are merged, and a run for each known recipient. It reads and acts by code of its own.
 */
export function makeKnockPipeline(account: () => FakeAccount) {
  const logs: FakeLog[] = [];
  const users = new Map<string, JsonObject>();
  const objects = new Map<string, JsonObject>();
  const runs: JsonObject[] = [];
  const received: { source: string; headers: Record<string, unknown>; body: string }[] = [];

  function receive(token: string, headers: Record<string, unknown>, body: string): number {
    for (const { source, environments } of account().sources) {
      for (const [slug, there] of Object.entries(environments) as unknown as [string, There][]) {
        if (!there.settings.endpoint.endsWith(`/${token}`)) continue;
        received.push({ source: String(source.key), headers, body });
        const event = JSON.parse(body) as JsonObject;
        logs.push({ source: String(source.key), slug, entry: process(there, event) });
        return 200;
      }
    }
    return 404;
  }

  function process({ settings, mappings }: There, body: JsonObject): JsonObject {
    const isLegacy = settings.handle_identifies !== undefined;
    const event = typeOf(settings, body, isLegacy);
    const read = (path: string) => readPath(body, path, isLegacy);
    const actions = mappings
      .filter((mapping) => mapping.active && mapping.event_type === event)
      .map(({ action_type: action, action_parameters: parameters }): JsonObject => {
        const defaults = action === 'workflows_trigger' ? { recipients: read('userId'), data: read('properties') } : {};
        const payload = { ...defaults, ...resolve(action, parameters ?? {}, read) };
        return {
          id: randomUUID(),
          action_type: action,
          action_parameters: parameters,
          action_payload: payload,
          action_status: 'success',
          action_result: act(action, payload),
          inserted_at: new Date().toISOString(),
        };
      });
    return {
      id: randomUUID(),
      event,
      data: { body },
      verification_status: 'not_enforced:skipped',
      inserted_at: new Date().toISOString(),
      actions,
    };
  }

  function act(action: string, payload: JsonObject): JsonObject {
    const { id, properties, collection, key, recipients, tenant, ...fields } = payload;
    const changes = { ...fields, ...(isJsonObject(properties) ? properties : {}) };
    if (action === 'users_identify') users.set(String(id), { ...users.get(String(id)), ...changes, id: id ?? null });
    if (action === 'users_delete') users.delete(String(id));
    const of = action.startsWith('tenants') ? '$tenants' : collection;
    if (action === 'objects_set' || action === 'tenants_set')
      objects.set(`${of}/${id}`, { ...objects.get(`${of}/${id}`), ...changes });
    if (action === 'objects_delete' || action === 'tenants_delete') objects.delete(`${of}/${id}`);
    if (action !== 'workflows_trigger') return {};
    const runId = randomUUID();
    for (const one of [recipients ?? []].flat()) {
      const known = isJsonObject(one) ? one.id : one;
      if (isJsonObject(one) && typeof one.id === 'string') users.set(one.id, { ...users.get(one.id), ...one });
      if (users.has(String(known)))
        runs.push({
          __typename: 'WorkflowRecipientRun',
          id: randomUUID(),
          workflow_run_id: runId,
          workflow: String(key),
          recipient: String(known),
          tenant: tenant ?? null,
          status: 'completed',
          trigger_source: { type: 'integration' },
          inserted_at: new Date().toISOString(),
          updated_at: new Date().toISOString(),
        });
    }
    return { id: runId };
  }

  return { receive, logs, users, objects, runs, received };
}

function typeOf({ event_type_path: path }: Settings, body: JsonObject, isLegacy: boolean): string {
  if (path?.startsWith('body.')) return String(readPath(body, path, false));
  if (body.type !== 'track') return String(body.type);
  return isLegacy ? String(body.event) : `track/${body.event}`;
}

function resolve(action: string, parameters: JsonObject, read: (path: string) => JsonValue): JsonObject {
  const constant = (name: string, value: string) =>
    (name === 'key' && (action.startsWith('workflows') || !value.includes('.'))) || name === 'collection';
  const valueAt = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return value === '' ? null : read(value);
    if (Array.isArray(value)) return value.map(valueAt);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, valueAt(inner)]));
  };
  const payload: JsonObject = {};
  for (const [name, value] of Object.entries(parameters)) {
    const [parameter = '', field] = name.split('.');
    const resolved = typeof value === 'string' && constant(name, value) ? value : valueAt(value);
    // `data.title` is a field of the parameter `data`.
    if (field !== undefined)
      payload[parameter] = { ...(payload[parameter] as JsonObject | undefined), [field]: resolved };
    // Its log writes a user as a reference.
    else payload[name] = name === 'actor' ? { collection: '$users', id: resolved } : resolved;
  }
  return payload;
}

function readPath(body: JsonObject, path: string, isLegacy: boolean): JsonValue {
  const names = path.split('.');
  if (names[0] === 'body') names.shift();
  else if (isLegacy && names[0] === 'data') names[0] = 'properties';
  let value: JsonValue | undefined = body;
  for (const name of names) {
    if (Array.isArray(value)) value = value[Number(name)];
    else value = isJsonObject(value) ? value[name] : undefined;
  }
  return value ?? null;
}
