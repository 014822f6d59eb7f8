import { KnockMgmt, NotFoundError, PermissionDeniedError } from '@knocklabs/mgmt';
import * as z from 'zod';
import { failure, Refusal, usageError } from '../refusal.ts';
import {
  type KnockAccount,
  KnockAudience,
  KnockEnvironment,
  KnockPending,
  KnockProvider,
  KnockSource,
  type KnockSourceRead,
  KnockWorkflow,
} from './account.ts';
import { explainKnockError, managementApi } from './explain-knock-error.ts';

export type KnockAccess = {
  /** A service token of the account; it never leaves this call. */
  serviceToken: string;
  /** Absent: Knock's own. */
  baseUrl?: string;
  /** Times that the client sends a request again. Absent: 5. */
  maxRetries?: number;
};

/**
 * Reads an account through Knock's management API: environments, sources with settings and
 * mappings, workflows, audiences. It changes nothing there.
 *
 * The client retries rate limits, faults of the server and lost connections by itself. It is told
 * to log nothing, since its log has headers.
 * @param wanted slugs of the environments to read; others are only named
 * @throws Refusal in words for a person: a token that Knock refuses, an address that does not
 * answer, an answer of an unknown shape
 */
export async function readKnockAccount(
  { serviceToken, baseUrl = managementApi, maxRetries = 5 }: KnockAccess,
  wanted: (environments: KnockEnvironment[]) => string[],
): Promise<KnockAccount> {
  const problem = tokenProblem(serviceToken);
  if (problem !== undefined) throw problem;
  const client = new KnockMgmt({ serviceToken, baseURL: baseUrl, maxRetries, logLevel: 'off' });
  try {
    const environments = await readEnvironments(client);
    const slugs = wanted(environments);
    // One environment after the other: Knock limits requests by the second.
    const sources = new Map<string, KnockSourceRead>();
    const workflows: KnockAccount['workflows'] = new Map();
    const audiences: KnockAccount['audiences'] = new Map();
    for (const environment of slugs) {
      await readSources(client, environment, sources);
      const committed = { environment, hide_uncommitted_changes: true, limit: pageSize };
      workflows.set(environment, await allOf(KnockWorkflow, 'workflows', client.workflows.list(committed)));
      audiences.set(environment, await allOf(KnockAudience, 'audiences', client.audiences.list(committed)));
    }
    return {
      environments,
      sources: [...sources.values()],
      providers: await readProviders(client),
      workflows,
      audiences,
    };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw explainKnockError(error, baseUrl) ?? error;
  }
}

const pageSize = 50;

/** Why a text is no service token; never quotes it. */
function tokenProblem(token: string): Refusal | undefined {
  const remedy = 'a service token begins with knock_st_: Knock dashboard, Settings → Service tokens';
  if (token === '') return usageError('the service token is empty', remedy);
  if (/^(sk|pk)_/.test(token))
    return usageError('this is an API key of one environment; the management API takes a service token', remedy);
  // A header cannot carry other characters, and fetch's own message would quote the token.
  if (!/^[\x21-\x7e]+$/.test(token))
    return usageError('the service token has a space or an odd character in it', remedy);
  return undefined;
}

async function readEnvironments(client: KnockMgmt): Promise<KnockEnvironment[]> {
  const all = await allOf(KnockEnvironment, 'environments', client.environments.list({ limit: pageSize }));
  return all.filter(({ deleted_at: deletedAt }) => !deletedAt).sort((a, b) => a.order - b.order);
}

/** The client in use has no calls for sources, so they are written out. */
async function readSources(client: KnockMgmt, environment: string, found: Map<string, KnockSourceRead>): Promise<void> {
  const query = { environment, 'include[]': 'environment_settings' };
  const list = await client.get<unknown>('/v1/sources', { query });
  for (const listed of parsed(z.object({ entries: z.array(KnockSource) }), list, 'sources').entries) {
    const { key, name, description, custom_image_url: image } = listed;
    const settings = listed.environment_settings ?? (await readSource(client, key, environment)).environment_settings;
    const there = settings?.[environment];
    const source: KnockSourceRead = found.get(key) ?? {
      key,
      name,
      ...(description && { description }),
      hasImage: Boolean(image),
      environments: new Map(),
    };
    found.set(key, source);
    if (there === undefined) continue;
    source.environments.set(environment, { ...there, pending: await readPending(client, key, environment) });
  }
}

/** For an account whose list leaves the settings out. */
async function readSource(client: KnockMgmt, key: string, environment: string): Promise<z.infer<typeof KnockSource>> {
  const answer = await client.get<unknown>(`/v1/sources/${encodeURIComponent(key)}`, { query: { environment } });
  return parsed(KnockSource, answer, `sources.${key}`);
}

async function readPending(client: KnockMgmt, key: string, environment: string): Promise<KnockPending[]> {
  const status = await ifOffered(() =>
    client.get<unknown>(`/v1/sources/${encodeURIComponent(key)}/status`, { query: { environment } }),
  );
  const Status = z.object({ mappings_requiring_commit: z.array(KnockPending).default([]) });
  return status === undefined ? [] : parsed(Status, status, `sources.${key}.status`).mappings_requiring_commit;
}

async function readProviders(client: KnockMgmt): Promise<KnockAccount['providers']> {
  const list = await ifOffered(() => client.get<unknown>('/v1/source_providers'));
  if (list === undefined) return undefined;
  const Summaries = z.object({ entries: z.array(z.object({ key: z.string().min(1) })) });
  const providers = new Map<string, KnockProvider>();
  for (const { key } of parsed(Summaries, list, 'source_providers').entries) {
    const query = { 'include[]': 'preprocessing_script' };
    const one = await ifOffered(() =>
      client.get<unknown>(`/v1/source_providers/${encodeURIComponent(key)}`, { query }),
    );
    if (one !== undefined) providers.set(key, parsed(KnockProvider, one, `source_providers.${key}`));
  }
  return providers;
}

/** Undefined for a part of the API that this account does not have, and that an import can miss. */
async function ifOffered(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof PermissionDeniedError) return undefined;
    throw error;
  }
}

/** All pages of a list. */
async function allOf<Schema extends z.ZodType>(
  schema: Schema,
  what: string,
  pages: AsyncIterable<unknown>,
): Promise<z.infer<Schema>[]> {
  const all: z.infer<Schema>[] = [];
  for await (const entry of pages) all.push(parsed(schema, entry, `${what}[${all.length}]`));
  return all;
}

function parsed<Schema extends z.ZodType>(schema: Schema, answer: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = [what, ...(issue?.path ?? [])].join('.');
  throw failure(
    `Knock answered in a form that this version does not know: ${where} ${issue?.message ?? 'is not as documented'}`,
    'nothing was written; the form that is read is in shared/operations/knock/account.ts',
  );
}
