import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { pathToFileURL } from 'node:url';
import { listen } from '../../infra/local/http-server.ts';
import type { FunctionName, Version } from './version.ts';

/** When a container of a function dies: at its so many-th call of AWS from now on, before its effect or after. */
export type Doom = { atCall: number; moment: 'before' | 'after' };

/** A container of one version's function: the module with what it has in memory, and its way to the emulators. */
export type Instance = {
  version: Version;
  function: FunctionName;
  isBusy: boolean;
  isDead: boolean;
  /** @returns `died` when doom came first */
  invoke(event: unknown, doom?: Doom): Promise<{ answer: unknown } | { error: unknown } | 'died'>;
  stop(): void;
};

export type Endpoints = { dynamodb: string; sqs: string; secretsmanager: string };

type Handler = (event: unknown, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;

let copies = 0;

/**
 * A copy of the bundle beside it, to which `process.env` is `env`: the SDK reads variables when it first needs them, which
 * is after the start.
 */
function copyWith(file: string, env: Record<string, string>): string {
  const shadow = `const process=Object.create(globalThis.process,{env:{value:${JSON.stringify(env)}}});`;
  const copy = file.replace(/\.mjs$/, `.copy-${++copies}.mjs`);
  writeFileSync(copy, shadow + readFileSync(file, 'utf8'));
  return copy;
}

/**
 * Loads a bundle as Lambda would for a cold start: again, with variables of its own. Its calls pass a front, so that a
 * dead container reaches nothing any more although its code still runs in this process.
 * @param own values of variables that the template takes from resources
 */
export async function startInstance(
  version: Version,
  name: FunctionName,
  endpoints: Endpoints,
  own: Record<string, string>,
): Promise<Instance> {
  const { file, variables, timeoutMs } = version.functions[name];
  let doom: (Doom & { die(): void }) | undefined;
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  const port = await listen(server, 0);
  const url = `http://127.0.0.1:${port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (doom !== undefined) doom.atCall--;
    const isLast = doom?.atCall === 0;
    if (instance.isDead || (isLast && doom?.moment === 'before')) return end(response);
    const service = String(request.headers['x-amz-target']).split(/[_.]/)[0];
    const to =
      service === 'DynamoDB' ? endpoints.dynamodb : service === 'AmazonSQS' ? endpoints.sqs : endpoints.secretsmanager;
    const { host, hostname, port: toPort } = new URL(to);
    const forward = send({
      hostname,
      port: toPort,
      method: request.method,
      path: request.url,
      headers: { ...request.headers, host },
    });
    request.pipe(forward);
    const answered = await new Promise<IncomingMessage>((resolve, reject) => {
      forward.on('response', resolve).on('error', reject);
    });
    if (isLast || instance.isDead) {
      answered.resume();
      return end(response);
    }
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
  }

  function end(response: ServerResponse): void {
    response.destroy();
    instance.isDead = true;
    doom?.die();
    instance.stop();
  }

  const env: Record<string, string> = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const withFront = (value: string) => (value.startsWith(endpoints.sqs) ? url + new URL(value).pathname : value);
  for (const [key, value] of Object.entries({ ...variables, LOCAL: 'true' })) {
    const given = own[key] ?? value;
    if (typeof given !== 'string') throw new Error(`${version.name} ${name}: the tests give ${key} no value`);
    env[key] = withFront(given);
  }
  for (const service of ['DYNAMODB', 'SQS', 'SECRETS_MANAGER']) env[`AWS_ENDPOINT_URL_${service}`] = url;
  const { handler } = (await import(pathToFileURL(copyWith(file, env)).href)) as { handler: Handler };

  const instance: Instance = {
    version,
    function: name,
    isBusy: false,
    isDead: false,
    async invoke(event, given) {
      const endsAtMs = performance.now() + timeoutMs;
      const death = new Promise<'died'>((resolve) => {
        doom = given && { ...given, die: () => resolve('died') };
      });
      const work = handler(event, { getRemainingTimeInMillis: () => endsAtMs - performance.now() }).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      );
      const result = await Promise.race([work, death]);
      doom = undefined;
      return instance.isDead ? 'died' : result;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
  return instance;
}
