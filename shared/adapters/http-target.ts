import { type LookupAddress, lookup as lookupHost } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Target } from '../core/configuration/targets/index.ts';
import { errorMessage } from '../core/errors.ts';
import { cancelMessageId } from '../core/ids/run-id.ts';
import { runsMessage } from '../core/runs/run-message.ts';
import { answerFromHttp, type HttpAnswer } from '../core/targets/answers.ts';
import { standardWebhookHeaders } from '../core/targets/standard-webhook.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { CancelAnswer, TargetAnswer, WorkflowTarget } from '../ports/workflow-target.ts';
import { isPublicAddress } from './public-address.ts';
import { readResponseStart } from './response-start.ts';
import { targetSecretName } from './target-secret.ts';

export type Resolve = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export type HttpTargetDeps = {
  secrets: Secrets;
  /** Allows targets with http and on this machine; only a local run sets it. */
  allowPrivate: boolean;
  nowMs(): number;
  /** Default: the system's resolver. */
  resolve?: Resolve;
};

const responseBytesMax = 1024;

/** The target's address is not public; trying again would not change that. */
class RefusedAddress extends Error {}

/**
 * Posts runs to a URL, signed per Standard Webhooks. It calls only https and public addresses: it
 * resolves the host, checks every address, and connects to a checked one. So a second answer of the
 * name server (rebinding) cannot lead it elsewhere. It does not follow redirects.
 */
export function makeHttpTargets({ secrets, allowPrivate, nowMs, resolve = lookupHost }: HttpTargetDeps) {
  // Connections are kept for the next run; each was checked when it was made.
  const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };
  const lookup = allowPrivate ? undefined : publicOnly(resolve);

  return (workflow: string, target: Extract<Target, { type: 'http' }>): WorkflowTarget => {
    /** Signs a message and posts it. The answer counts for all runs in it. */
    async function send(message: object, messageId: string, timeoutMs: number): Promise<TargetAnswer> {
      const url = new URL(target.url);
      const problem = (allowPrivate ? undefined : urlProblem(url)) ?? credentialsProblem(url);
      if (problem !== undefined) return { kind: 'refused', detail: problem };
      const body = JSON.stringify(message);
      const signed = await sign(workflow, { messageId, body });
      if ('kind' in signed) return signed;
      const headers = {
        'user-agent': 'Signalbox',
        ...lowerCased(target.headers),
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        ...signed.headers,
      };
      try {
        return answerFromHttp(await post(url, { headers, body, timeoutMs }), nowMs());
      } catch (error) {
        return answerFromError(error, url, timeoutMs);
      }
    }

    return {
      recordsOnly: false,
      timeoutMs: target.timeout_seconds * 1000,
      start: ({ messageId, message, timeoutMs }) => send(message, messageId, timeoutMs),
      ...(target.batch && {
        batchMax: target.batch.max,
        async startMany(requests, { messageId, timeoutMs }) {
          const answer = await send(runsMessage(requests.map(({ message }) => message)), messageId, timeoutMs);
          return requests.map(() => answer);
        },
      }),
      async cancel({ messageId, message, timeoutMs }): Promise<CancelAnswer> {
        const answer = await send(message, cancelMessageId(messageId), timeoutMs);
        if (answer.kind === 'accepted') return { ...answer, kind: 'cancelled' };
        // A receiver that does not know the message cannot stop its run.
        return answer.kind === 'refused' ? { kind: 'too_late', detail: answer.detail } : answer;
      },
    };
  };

  /** A missing secret is our fault, not the target's: the run waits until it is set. */
  async function sign(
    workflow: string,
    message: { messageId: string; body: string },
  ): Promise<{ headers: Record<string, string> } | TargetAnswer> {
    const name = targetSecretName(workflow);
    try {
      const values = await secrets.valuesOf(name);
      if (values === undefined || values.length === 0) {
        return { kind: 'unavailable', reason: 'secret_missing', detail: `there is no secret ${name} to sign with` };
      }
      return { headers: standardWebhookHeaders({ ...message, nowMs: nowMs() }, values) };
    } catch (error) {
      return { kind: 'unavailable', reason: 'secret_missing', detail: errorMessage(error) };
    }
  }

  async function post(url: URL, call: Call): Promise<HttpAnswer> {
    const startedAtMs = nowMs();
    try {
      return await postOnce(url, call);
    } catch (error) {
      // The other end had closed this kept connection, so it never read the request. Sending it
      // again is not a second call.
      const isStale = error instanceof StaleConnection;
      if (!isStale) throw error;
      return postOnce(url, { ...call, timeoutMs: Math.max(1, call.timeoutMs - (nowMs() - startedAtMs)) });
    }
  }

  type Call = { headers: Record<string, string>; body: string; timeoutMs: number };

  function postOnce(url: URL, { headers, body, timeoutMs }: Call): Promise<HttpAnswer> {
    const isHttps = url.protocol === 'https:';
    const signal = AbortSignal.timeout(timeoutMs);
    return new Promise((resolve, reject) => {
      const options = {
        method: 'POST',
        headers,
        signal,
        agent: agents[isHttps ? 'https:' : 'http:'],
        ...(lookup && { lookup }),
      };
      const fail = (error: NodeJS.ErrnoException) => {
        const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(signal.aborted ? new TimedOut() : isStale ? new StaleConnection() : error);
      };
      const request = (isHttps ? requestHttps : requestHttp)(url, options, (response) => {
        // From here on the status decides, even if the time for the body runs out.
        request.off('error', fail).on('error', () => undefined);
        readResponseStart(response, responseBytesMax).then((text) => resolve(httpAnswer(response, text)));
      });
      request.on('error', fail);
      request.end(body);
    });
  }
}

class StaleConnection extends Error {}
class TimedOut extends Error {}

function httpAnswer({ statusCode = 0, headers }: IncomingMessage, response: string): HttpAnswer {
  return { status: statusCode, retryAfter: headers['retry-after'], response };
}

/**
 * An older configuration may still have them, from before they were refused, and Node would send
 * them.
 */
function credentialsProblem({ username, password }: URL): string | undefined {
  return username === '' && password === ''
    ? undefined
    : "the target's URL holds a user or a password; requests are signed";
}

function urlProblem({ protocol, hostname }: URL): string | undefined {
  if (protocol !== 'https:') return `the target's URL is not https`;
  // A literal address is never looked up, so it is checked here. The URL parser has already
  // normalized spellings such as 0x7f.1.
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(literal) !== 0 && !isPublicAddress(literal) ? notPublic(hostname) : undefined;
}

const notPublic = (hostname: string) => `the target's host ${hostname} is not on the public internet`;

/** Looks a host up for a connection. If any of its addresses is not public, all are refused. */
export function publicOnly(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || first === undefined) return callback(error ?? new Error(`${hostname} has no address`), '', 0);
      if (!addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new RefusedAddress(notPublic(hostname)), '', 0);
      }
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function answerFromError(error: unknown, url: URL, timeoutMs: number): TargetAnswer {
  if (error instanceof RefusedAddress) return { kind: 'refused', detail: error.message };
  if (error instanceof TimedOut) {
    return {
      kind: 'unavailable',
      reason: 'target_timeout',
      detail: `${url.host} did not answer within ${timeoutMs} ms`,
    };
  }
  return {
    kind: 'unavailable',
    reason: 'target_unavailable',
    detail: `${url.host} could not be reached: ${causeOf(error)}`,
  };
}

/** If several addresses fail, Node throws one error without a message. */
function causeOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorMessage).join('; ');
  return errorMessage(error);
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
