import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { Knock } from '@knocklabs/node';
import type { WorkflowTriggerParams } from '@knocklabs/node/resources/workflows';
import type { Target } from '../core/configuration/targets/index.ts';
import { errorMessage } from '../core/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/values.ts';
import type { RunMessage } from '../core/runs/run-message.ts';
import { answerFromHttp } from '../core/targets/answers.ts';
import { clip } from '../core/text.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { CancelAnswer, TargetAnswer, Unavailable, WorkflowTarget } from '../ports/workflow-target.ts';
import { readResponseStart } from './response-start.ts';
import { targetSecretName } from './target-secret.ts';

export type KnockTargetDeps = {
  secrets: Secrets;
  nowMs(): number;
  /** Default: Knock's own. */
  knockUrl?: string;
};

const timeoutMs = 5000;

/**
 * Triggers a workflow of Knock, once per run, because data and settings can differ by recipient.
 * The idempotency key then covers exactly one call, while other runs of the trigger finish. The
 * run's key is also Knock's cancellation key, so that a cancellation reaches only this run.
 * https://docs.knock.app/api-reference/workflows/trigger
 */
export function makeKnockTargets({ secrets, nowMs, knockUrl }: KnockTargetDeps) {
  const clients = new Map<string, Knock>();

  return (workflow: string, target: Extract<Target, { type: 'knock' }>): WorkflowTarget => ({
    recordsOnly: false,
    timeoutMs,

    async start({ messageId, message, timeoutMs }): Promise<TargetAnswer> {
      const key = runKeyOf(messageId);
      const body = triggerParams(message, key);
      return withClient(workflow, timeoutMs, async (client, signal) => {
        const response = await client.workflows
          .trigger(target.workflow, body, { idempotencyKey: key, signal })
          .asResponse();
        return { kind: 'accepted', reference: runIdFrom(await response.text()) };
      });
    },

    async cancel({ messageId, message, timeoutMs }): Promise<CancelAnswer> {
      const answer = await withClient(workflow, timeoutMs, async (client, signal) => {
        const body = { cancellation_key: runKeyOf(messageId), recipients: [referenceOf(message.data.recipient)] };
        await client.workflows.cancel(target.workflow, body, {
          idempotencyKey: `${runKeyOf(messageId)}-cancelled`,
          signal,
        });
        return { kind: 'accepted' };
      });
      if (answer.kind === 'accepted') return { kind: 'cancelled' };
      return answer.kind === 'refused' ? { kind: 'too_late', detail: answer.detail } : answer;
    },
  });

  /**
   * Calls with the newest API key, and with the previous one if Knock does not know the newest
   * (yet, or any more).
   */
  async function withClient(
    workflow: string,
    timeoutMs: number,
    call: (client: Knock, signal: AbortSignal) => Promise<TargetAnswer>,
  ): Promise<TargetAnswer> {
    const name = targetSecretName(workflow);
    let keys: string[] | undefined;
    try {
      keys = await secrets.valuesOf(name);
    } catch (error) {
      return secretMissing(errorMessage(error));
    }
    if (keys === undefined || keys.length === 0) return secretMissing(`there is no API key in secret ${name}`);
    // A large package, loaded when a run first goes to Knock.
    const { Knock } = await import('@knocklabs/node');
    const signal = AbortSignal.timeout(timeoutMs);
    for (const apiKey of keys) {
      try {
        return await call(clientFor(apiKey, Knock), signal);
      } catch (error) {
        const status = statusOf(error);
        if (status === undefined && signal.aborted) {
          return {
            kind: 'unavailable',
            reason: 'target_timeout',
            detail: `Knock did not answer within ${timeoutMs} ms`,
          };
        }
        if (status !== 401) return answerFromError(error);
      }
    }
    return secretMissing(`Knock refused the API key in secret ${name}`);
  }

  function clientFor(apiKey: string, KnockClient: typeof Knock): Knock {
    let client = clients.get(apiKey);
    if (client === undefined) {
      // We retry by message, which blocks no function. The client's log lines would hold
      // recipients' data.
      const options = { apiKey, maxRetries: 0, logLevel: 'off', fetch: fetchStart } as const;
      client = new KnockClient({ ...options, ...(knockUrl !== undefined && { baseURL: knockUrl }) });
      clients.set(apiKey, client);
    }
    return client;
  }

  function answerFromError(error: unknown): TargetAnswer {
    const status = statusOf(error);
    if (status === undefined) {
      return { kind: 'unavailable', reason: 'target_unavailable', detail: `Knock: ${errorMessage(error)}` };
    }
    const { headers, error: body } = error as { headers?: Headers; error?: unknown };
    const response = body === undefined ? '' : JSON.stringify(body).slice(0, 1024);
    const retryAfter = headers?.get('retry-after') ?? undefined;
    // 409 is the answer while another request with the same key is under way.
    return answerFromHttp({ status: status === 409 ? 503 : status, retryAfter, response }, nowMs());
  }
}

const responseBytesMax = 16 * 1024;

/**
 * An answer for the client with its text already read, so that a body that stays open does not keep
 * a run waiting.
 */
async function fetchStart(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const { status, headers, body } = await fetch(url, init);
  const text = body && (await readResponseStart(Readable.fromWeb(body as WebStream), responseBytesMax));
  return new Response(text, { status, headers });
}

/**
 * Knock names the run that it began. A positive answer without that name, or one that breaks off,
 * still counts as a yes.
 */
function runIdFrom(text: string): JsonObject {
  try {
    const { workflow_run_id } = JSON.parse(text);
    // It goes into the run's row, so it must not be of any size.
    return { workflow_run_id: typeof workflow_run_id === 'string' ? clip(workflow_run_id, 100) : null };
  } catch {
    return { workflow_run_id: null };
  }
}

function secretMissing(detail: string): Unavailable {
  return { kind: 'unavailable', reason: 'secret_missing', detail };
}

/** The status that Knock answered; undefined when it did not. */
function statusOf(error: unknown): number | undefined {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' ? status : undefined;
}

/** The UUID in a run's message id. */
function runKeyOf(messageId: string): string {
  return messageId.replace(/^msg_/, '');
}

function triggerParams({ data: run }: RunMessage, cancellationKey: string): WorkflowTriggerParams {
  return {
    recipients: [inlineOf(run.recipient)],
    // Knock takes no members of ours beside these.
    data: { ...(run.data as JsonObject), ...(run.test === true && { signalbox_test: true }) },
    cancellation_key: cancellationKey,
    ...(isJsonObject(run.actor) && { actor: inlineOf(run.actor) }),
    ...(isJsonObject(run.tenant) && { tenant: tenantOf(run.tenant) }),
    ...(isJsonObject(run.settings) && { settings: run.settings }),
  };
}

type Inline = JsonObject & { id: string; collection: string };

/**
 * Knock identifies recipients that are sent inline, so it gets what our directory knows of them.
 */
function inlineOf(entity: JsonValue | undefined): Inline {
  const { updated_at: _updatedAt, created_at: createdAt, subscription: _subscription, ...known } = entity as JsonObject;
  return { ...known, ...(createdAt !== null && createdAt !== undefined && { created_at: createdAt }) } as Inline;
}

function tenantOf(tenant: JsonObject): { id: string } {
  const { collection: _collection, ...known } = inlineOf(tenant);
  return known;
}

function referenceOf(recipient: JsonValue | undefined): string | { id: string; collection: string } {
  const { id, collection } = recipient as Inline;
  return collection === undefined ? id : { id, collection };
}
