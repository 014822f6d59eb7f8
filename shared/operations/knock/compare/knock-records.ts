import { Knock, NotFoundError } from '@knocklabs/node';
import { type EntityRef, recipientKey, tenantsCollection } from '../../../core/ids/entity-ref.ts';
import { isJsonObject, type JsonObject } from '../../../core/json/values.ts';
import { explainKnockError } from '../explain-knock-error.ts';

/** One recipient of a workflow run: `order-completed u-1`, with its tenant if it has one. */
export type KnockRun = { runId: string; text: string };

/** Knock's records, by an API key of one environment. It reads only. */
export type KnockRecords = {
  /** The fields of a user or an object, custom ones among them; undefined when it is not there. */
  fieldsOf(ref: EntityRef): Promise<JsonObject | undefined>;
  /** Runs of recipients that began since a time. */
  runsSince(sinceMs: number): Promise<KnockRun[]>;
};

export const knockApi = 'https://api.knock.app';

/** The client retries rate limits and faults of the server, and logs nothing. */
export function openKnockRecords(apiKey: string, baseUrl = knockApi): KnockRecords {
  const client = new Knock({ apiKey, baseURL: baseUrl, maxRetries: 5, logLevel: 'off' });
  return {
    async fieldsOf(ref) {
      try {
        return fieldsIn(await entityOf(client, ref));
      } catch (error) {
        if (error instanceof NotFoundError) return undefined;
        throw explainKnockError(error, baseUrl, 'API key') ?? error;
      }
    },
    async runsSince(sinceMs) {
      const runs: KnockRun[] = [];
      const query = { starting_at: new Date(sinceMs).toISOString() };
      try {
        for await (const { workflow_run_id: runId, workflow, recipient, tenant } of client.workflowRecipientRuns.list(
          query,
        ))
          runs.push({ runId, text: runText(workflow, refText(recipient), tenant ?? undefined) });
      } catch (error) {
        throw explainKnockError(error, baseUrl, 'API key') ?? error;
      }
      return runs;
    },
  };
}

function entityOf(client: Knock, ref: EntityRef): Promise<unknown> {
  if (ref.kind === 'user') return client.users.get(ref.id);
  return ref.collection === tenantsCollection ? client.tenants.get(ref.id) : client.objects.get(ref.collection, ref.id);
}

/** Custom properties of a user are beside its fields; those of objects and tenants are apart. */
function fieldsIn(entity: unknown): JsonObject {
  if (!isJsonObject(entity)) return {};
  const { properties, __typename: _typename, id: _id, collection: _collection, updated_at: _at, ...rest } = entity;
  return { ...rest, ...(isJsonObject(properties) ? properties : {}) };
}

/** The same words for both sides. */
export const runText = (workflow: string, recipient: string, tenant: string | undefined): string =>
  `${workflow} for ${recipient}${tenant === undefined ? '' : `, tenant ${tenant}`}`;

function refText(recipient: string | { collection?: string; id?: string }): string {
  if (typeof recipient === 'string') return recipient;
  const { collection, id } = recipient;
  return collection === undefined || collection === '$users'
    ? String(id)
    : recipientKey({ kind: 'object', collection, id: String(id) });
}
