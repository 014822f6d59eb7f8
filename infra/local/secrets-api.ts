import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Roles } from './access/roles.ts';
import type { LocalCredentials } from './credentials.ts';
import { guardServer } from './guard.ts';
import { listen, readBody, stopServer } from './http-server.ts';
import type { Secret, SecretStore } from './secret-store.ts';

/** An expected refusal, by its name in Secrets Manager. */
class Refusal extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const ById = z.object({ SecretId: z.string() });
const Value = z.object({
  SecretString: z.string().max(65_536).optional(),
  Description: z.string().max(2048).optional(),
  /** The id of the new version; the SDK makes one if its caller does not. */
  ClientRequestToken: z.string().min(32).max(64).optional(),
});

type Action = (store: SecretStore, request: unknown) => Record<string, unknown>;

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
const actions = new Map<string, Action>([
  ['GetSecretValue', getSecretValue],
  ['CreateSecret', createSecret],
  ['PutSecretValue', changeSecret],
  ['UpdateSecret', changeSecret],
  ['DescribeSecret', (store, request) => description(find(store, ById.parse(request).SecretId))],
  ['ListSecrets', listSecrets],
  ['DeleteSecret', deleteSecret],
  ['RestoreSecret', restoreSecret],
]);

export type SecretsApi = { endpoint: string; stop(): Promise<void> };

/** Secrets Manager's JSON API over `store`, for callers with the credentials. */
export async function startSecretsApi(
  store: SecretStore,
  credentials: LocalCredentials,
  roles?: Roles,
): Promise<SecretsApi> {
  const server: Server = createServer((request, response) => void answer(store, request, response));
  const surroundings = { partitionKeyOf: () => undefined, secretArn: (id: string) => store.get(id)?.arn };
  guardServer(server, { credentials, ...(roles && { roles }), target: 'secretsmanager' }, surroundings);
  const port = await listen(server, 0);
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => stopServer(server) };
}

async function answer(store: SecretStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [status, body] = await run(store, request);
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}

async function run(store: SecretStore, request: IncomingMessage): Promise<[number, Record<string, unknown>]> {
  const name = String(request.headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
  try {
    const action = actions.get(name);
    if (action === undefined) throw new Refusal('UnknownOperationException', `the local runtime has no ${name}`);
    const body = await readBody(request, 1024 * 1024);
    return [200, action(store, JSON.parse(body?.toString('utf8') || '{}'))];
  } catch (error) {
    if (error instanceof Refusal) return [400, { __type: error.type, Message: error.message, message: error.message }];
    const message = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    return [400, { __type: 'InvalidParameterException', Message: message, message }];
  }
}

function find(store: SecretStore, id: string): Secret {
  const secret = store.get(id);
  if (secret === undefined) {
    throw new Refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
  return secret;
}

/** A secret whose value may be read or changed: every other operation refuses one on its way out. */
function findUsable(store: SecretStore, id: string): Secret {
  const secret = find(store, id);
  if (secret.deletedAtMs !== undefined) {
    const message = "You can't perform this operation on the secret because it was marked for deletion.";
    throw new Refusal('InvalidRequestException', message);
  }
  return secret;
}

const GetSecretValue = ById.extend({
  VersionStage: z.string().default('AWSCURRENT'),
  VersionId: z.string().optional(),
});

function getSecretValue(store: SecretStore, request: unknown) {
  const { SecretId, VersionStage, VersionId } = GetSecretValue.parse(request);
  const secret = findUsable(store, SecretId);
  const version = VersionStage === 'AWSPREVIOUS' ? secret.previous : secret.current;
  if (!['AWSCURRENT', 'AWSPREVIOUS'].includes(VersionStage) || !version || (VersionId && VersionId !== version.id)) {
    const message = "Secrets Manager can't find the specified secret value for the version asked for.";
    throw new Refusal('ResourceNotFoundException', message);
  }
  store.access(secret);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    SecretString: version.text,
    VersionStages: [VersionStage],
    CreatedDate: version.createdAtMs / 1000,
  };
}

const CreateSecret = Value.extend({ Name: z.string().min(1).max(512), SecretString: z.string().max(65_536) });

function createSecret(store: SecretStore, request: unknown) {
  const { Name, SecretString, Description, ClientRequestToken } = CreateSecret.parse(request);
  const before = store.get(Name);
  if (before?.deletedAtMs !== undefined) {
    const message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
    throw new Refusal('InvalidRequestException', message);
  }
  if (before !== undefined) {
    const message = `The operation failed because the secret ${Name} already exists.`;
    throw new Refusal('ResourceExistsException', message);
  }
  const secret = store.create(Name, SecretString, Description, ClientRequestToken);
  return { ARN: secret.arn, Name, VersionId: secret.current.id };
}

function changeSecret(store: SecretStore, request: unknown) {
  const { SecretId, SecretString, Description, ClientRequestToken } = ById.extend(Value.shape).parse(request);
  const before = findUsable(store, SecretId);
  const made = [before.current, before.previous].find((version) => version?.id === ClientRequestToken);
  if (made !== undefined && SecretString !== undefined && made.text !== SecretString)
    throw new Refusal('ResourceExistsException', 'A version with this id exists, and has another value.');
  // The same id again means that the client repeated its request.
  const secret =
    made !== undefined && SecretString !== undefined
      ? before
      : store.put(before, { text: SecretString, description: Description, versionId: ClientRequestToken });
  return { ARN: secret.arn, Name: secret.name, VersionId: secret.current.id, VersionStages: ['AWSCURRENT'] };
}

const DeleteSecret = ById.extend({
  RecoveryWindowInDays: z.number().int().min(7).max(30).optional(),
  ForceDeleteWithoutRecovery: z.boolean().default(false),
});

const dayMs = 86_400_000;
/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html */
const recoveryDaysByDefault = 30;

function deleteSecret(store: SecretStore, request: unknown) {
  const { SecretId, RecoveryWindowInDays, ForceDeleteWithoutRecovery } = DeleteSecret.parse(request);
  if (ForceDeleteWithoutRecovery && RecoveryWindowInDays !== undefined) {
    const message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
    throw new Refusal('InvalidParameterException', message);
  }
  if (ForceDeleteWithoutRecovery) {
    const secret = find(store, SecretId);
    store.remove(secret);
    return { ARN: secret.arn, Name: secret.name, DeletionDate: Date.now() / 1000 };
  }
  const deletedAtMs = Date.now() + (RecoveryWindowInDays ?? recoveryDaysByDefault) * dayMs;
  const secret = store.scheduleDeletion(findUsable(store, SecretId), deletedAtMs);
  return { ARN: secret.arn, Name: secret.name, DeletionDate: deletedAtMs / 1000 };
}

function restoreSecret(store: SecretStore, request: unknown) {
  const secret = find(store, ById.parse(request).SecretId);
  store.restore(secret);
  return { ARN: secret.arn, Name: secret.name };
}

const ListSecrets = z.object({
  IncludePlannedDeletion: z.boolean().default(false),
  MaxResults: z.number().int().min(1).max(100).default(100),
  NextToken: z.string().optional(),
  Filters: z.array(z.object({ Key: z.string(), Values: z.array(z.string()) })).default([]),
});

function listSecrets(store: SecretStore, request: unknown) {
  const { MaxResults, NextToken, Filters, IncludePlannedDeletion } = ListSecrets.parse(request);
  const unknown = Filters.find(({ Key }) => Key !== 'name');
  if (unknown) throw new Refusal('InvalidParameterException', `the local runtime filters by name, not ${unknown.Key}`);
  const names = Filters.flatMap(({ Values }) => Values);
  const found = store
    .list()
    .filter(({ deletedAtMs }) => IncludePlannedDeletion || deletedAtMs === undefined)
    .filter(({ name }) => names.length === 0 || names.some((prefix) => name.startsWith(prefix)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const from = NextToken === undefined ? 0 : Number(NextToken);
  const page = found.slice(from, from + MaxResults);
  return {
    // The list spells this one field differently.
    SecretList: page.map((secret) => {
      const { VersionIdsToStages: SecretVersionsToStages, ...rest } = description(secret);
      return { ...rest, SecretVersionsToStages };
    }),
    ...(from + MaxResults < found.length && { NextToken: String(from + MaxResults) }),
  };
}

function description(secret: Secret) {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    CreatedDate: secret.createdAtMs / 1000,
    LastChangedDate: secret.changedAtMs / 1000,
    ...(secret.accessedOnMs !== undefined && { LastAccessedDate: secret.accessedOnMs / 1000 }),
    ...(secret.deletedAtMs !== undefined && { DeletedDate: secret.deletedAtMs / 1000 }),
    VersionIdsToStages: {
      [secret.current.id]: ['AWSCURRENT'],
      ...(secret.previous && { [secret.previous.id]: ['AWSPREVIOUS'] }),
    },
  };
}
