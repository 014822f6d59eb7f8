import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import type { Target } from '../core/configuration/targets/index.ts';
import type { CancelMessage } from '../core/runs/cancel-message.ts';
import type { RunMessage } from '../core/runs/run-message.ts';
import type { CancelAnswer, RunRequest, TargetAnswer, Unavailable, WorkflowTarget } from '../ports/workflow-target.ts';
import { endable } from './aws-calls.ts';
import { type AwsClientConfig, answerFromAwsError, awsTargetDefaults, regionOfArn } from './aws-target.ts';

const timeoutMs = 5000;
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html: ten entries, 256 KB in all.
const entriesMax = 10;
const requestBytesMax = 256 * 1024;

/**
 * Puts one event per run on a bus, ten to a request. EventBridge has no idempotency key, so runs
 * arrive at least once: an attempt whose answer was lost is repeated. Targets of rules see the
 * run's id in `detail.id`.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export function makeEventBridgeTargets(config: AwsClientConfig = {}) {
  const clients = new Map<string | undefined, EventBridgeClient>();

  return (_workflow: string, target: Extract<Target, { type: 'event-bridge' }>): WorkflowTarget => {
    async function putEach(messages: (RunMessage | CancelMessage)[], timeoutMs: number): Promise<TargetAnswer[]> {
      const entries = messages.map((message) => entryOf(message, target));
      const signal = AbortSignal.timeout(timeoutMs);
      const answers = await Promise.all(requestsOf(entries).map((request) => put(request, signal)));
      return answers.flat();
    }

    async function put(Entries: PutEventsRequestEntry[], abortSignal: AbortSignal): Promise<TargetAnswer[]> {
      try {
        const { Entries: results = [] } = await clientFor(target.bus).send(new PutEventsCommand({ Entries }), {
          abortSignal,
        });
        return Entries.map((_, i) => answerOf(results[i]));
      } catch (error) {
        return Array<TargetAnswer>(Entries.length).fill(answerFromAwsError(error, 'EventBridge'));
      }
    }

    return {
      recordsOnly: false,
      timeoutMs,
      batchMax: entriesMax,
      async start({ message, timeoutMs }): Promise<TargetAnswer> {
        const [answer] = await putEach([message], timeoutMs);
        return answer as TargetAnswer;
      },
      startMany: (requests: RunRequest[], batch) =>
        putEach(
          requests.map(({ message }) => message),
          batch.timeoutMs,
        ),
      async cancel({ message, timeoutMs }): Promise<CancelAnswer> {
        const [answer] = await putEach([message], timeoutMs);
        if (answer?.kind === 'accepted') return { ...answer, kind: 'cancelled' };
        return answer?.kind === 'unavailable' ? answer : { kind: 'too_late', detail: answer?.detail ?? 'no answer' };
      },
    };
  };

  /** A bus named by its ARN is called in its own region. */
  function clientFor(bus: string): EventBridgeClient {
    const region = bus.startsWith('arn:') ? regionOfArn(bus) : undefined;
    let client = clients.get(region);
    if (client === undefined) {
      client = endable(new EventBridgeClient({ ...awsTargetDefaults, ...(region && { region }), ...config }));
      clients.set(region, client);
    }
    return client;
  }
}

function entryOf(
  { type, timestamp, data }: RunMessage | CancelMessage,
  target: Extract<Target, { type: 'event-bridge' }>,
): PutEventsRequestEntry {
  return {
    EventBusName: target.bus,
    Source: target.source,
    DetailType: type === 'workflow.run' ? target.detail_type : type,
    Time: new Date(timestamp),
    Detail: JSON.stringify(data),
  };
}

/** Keeps the order. An entry that is too large goes alone, so that only it is refused. */
function requestsOf(entries: PutEventsRequestEntry[]): PutEventsRequestEntry[][] {
  const requests: PutEventsRequestEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entryBytes(entry);
    const current = requests.at(-1);
    if (current === undefined || current.length === entriesMax || bytes + size > requestBytesMax) {
      requests.push([entry]);
      bytes = size;
    } else {
      current.push(entry);
      bytes += size;
    }
  }
  return requests;
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
function entryBytes({ Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  const timeBytes = 14;
  return timeBytes + Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail);
}

function answerOf(result: PutEventsResultEntry | undefined): TargetAnswer {
  if (result?.EventId !== undefined) return { kind: 'accepted', reference: { event_id: result.EventId } };
  if (result?.ErrorCode === undefined) {
    return { kind: 'unavailable', reason: 'target_unavailable', detail: 'EventBridge did not say what became of it' };
  }
  const { ErrorCode: code, ErrorMessage: message = '' } = result;
  const detail = `EventBridge: ${code}: ${message}`;
  const reason = transientReason(code);
  return reason === undefined
    ? { kind: 'refused', detail, reference: { error: code } }
    : { kind: 'unavailable', reason, detail };
}

function transientReason(code: string): Unavailable['reason'] | undefined {
  if (/^Throttl/.test(code)) return 'target_busy';
  return /^(Internal|ServiceUnavailable|AccessDenied)/.test(code) ? 'target_unavailable' : undefined;
}
