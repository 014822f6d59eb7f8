import type { DestinationProtocol, DestinationSettings, Reply } from '../../shared/core/destinations/destination.ts';
import {
  type RpcError,
  type RpcId,
  type RpcProblem,
  readRpcCall,
  unknownMethod,
  wrongParams,
} from '../../shared/core/destinations/json-rpc.ts';
import { asError } from '../../shared/core/errors.ts';
import { formOf } from '../../shared/core/json/form.ts';
import { markLongIntegers, restoreLongIntegers } from '../../shared/core/json/long-integers.ts';
import type { JsonObject, JsonValue } from '../../shared/core/json/values.ts';
import type { FoundSource } from '../../shared/core/live/destination-source.ts';
import { clip } from '../../shared/core/text.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import type { ApiRequest } from '../../shared/operations/requests/request.ts';
import { checkConnection } from '../../shared/operations/requests/sync/check-connection.ts';
import { syncRecords } from '../../shared/operations/requests/sync/sync-records.ts';
import type { SyncSender } from '../../shared/operations/requests/sync/sync-sender.ts';
import { type Answer, JsonText, noContent, ok, problemsOf } from './answer.ts';
import type { ApiPorts } from './route.ts';

/** The most records of one call; vendors are told to send far fewer. */
const recordsMax = 10_000;

export type MethodCall = {
  protocol: DestinationProtocol;
  /** The body as it was sent: JSON. */
  text: string;
  found: FoundSource;
  /** How the sender proved who it is, and the headers that stay with its records. */
  sender: Pick<SyncSender, 'verification' | 'headers' | 'oldCredentials'>;
  request: ApiRequest;
};

/**
 * Answers a JSON-RPC 2.0 call. What is wrong with the call is an `error` of the protocol, with status
 * 200: vendors show it to the person who set the sync up. Our own faults are thrown, and become 503,
 * which vendors repeat.
 */
export async function answerMethod(
  { protocol, text, found, sender, request }: MethodCall,
  ports: ApiPorts,
): Promise<Answer> {
  const call = readRpcCall(text === '' ? undefined : (JSON.parse(markLongIntegers(text)) as JsonValue));
  if (call.kind === 'notification') return { ...noContent(), line: { method: 'notification' } };
  if (call.kind === 'refused') return failed(call.id, call.error, {});
  const { id, method: name, params } = call;
  const line = { method: name, ...(found.kind === 'found' && { source: found.source.key }) };
  const settings = settingsOf(found);
  if (protocol.isPreview === true) {
    noteForm(protocol.kind, name, params, ports);
    if (!settings.preview) return failed(id, previewIsOff(protocol.kind, found), line);
  }
  const method = protocol.methods.get(name);
  if (method === undefined) return failed(id, unknownMethod(name, protocol.methods.keys()), line);
  const parsed = method.params.safeParse(params);
  if (parsed.error !== undefined) {
    const problems = problemsOf(parsed.error, params).map(({ field, message }) => ({ path: field, message }));
    return failed(id, wrongParams(problems as [RpcProblem, ...RpcProblem[]]), line);
  }
  const reply = method.reply(parsed.data as never, { settings, limits: ports.syncLimits });
  return answerReply(reply, id, line, { found, sender, request }, ports);
}

function previewIsOff(kind: string, found: FoundSource): RpcError {
  const message =
    found.kind === 'problem'
      ? found.problem
      : `method calls of kind ${kind} are a preview: write "destination: { preview: true }" into the file of a source of that kind, and commit it`;
  return { code: -32000, message };
}

const formsNoted = new Set<string>();

/**
 * The first call of each method in a process, without its values: its form shows whether what is
 * assumed of the vendor is true.
 */
function noteForm(kind: string, method: string, params: JsonObject, { log }: ApiPorts): void {
  const name = `${kind} ${clip(method, 64)}`;
  if (formsNoted.has(name) || formsNoted.size > 50) return;
  formsNoted.add(name);
  log.info('the form of a method call', { kind, method: clip(method, 64), form: formOf(params) });
}

function settingsOf(found: FoundSource): DestinationSettings {
  const destination = found.kind === 'found' ? found.source.file.destination : undefined;
  return {
    deletes: destination?.deletes ?? false,
    logRows: destination?.log_rows ?? true,
    createsAudiences: destination?.create_audiences ?? true,
    preview: destination?.preview ?? false,
  };
}

async function answerReply(
  reply: Reply,
  id: RpcId,
  line: Record<string, unknown>,
  { found, sender, request }: Pick<MethodCall, 'found' | 'sender' | 'request'>,
  ports: ApiPorts,
): Promise<Answer> {
  switch (reply.kind) {
    case 'result':
      return succeeded(id, reply.result, line);
    case 'error':
      return failed(id, reply.error, line);
    case 'check':
      return succeeded(id, reply.answer(await checkConnection(found, ports)), line);
    case 'sync': {
      const { batch } = reply;
      if (found.kind === 'problem') return failed(id, { code: -32602, message: found.problem }, line);
      if (batch.records.length > recordsMax) {
        const message = `the batch holds more than ${recordsMax} records; send it in parts`;
        return { kind: 'refused', status: 413, code: 'payload_too_large', message };
      }
      const by = { ...sender, source: found.source, settings: settingsOf(found) };
      const { outcomes, seen } = await syncRecords(batch, by, request, { ...ports, counts: ports.metrics });
      await ports.seen.note(seen, ports.nowMs()).catch((error) => {
        logFailure(ports.log, 'a source could not be noted', asError(error), { request_id: request.id });
      });
      const refused = outcomes.filter(({ done }) => !done).length;
      const { object, operation, syncRunId } = batch;
      const more = { object: object.id, operation, sync_run_id: syncRunId, records: outcomes.length, refused };
      return succeeded(id, reply.answer(outcomes), { ...line, ...more });
    }
  }
}

function succeeded(id: RpcId, result: JsonValue, line: Record<string, unknown>): Answer {
  return { ...ok(envelope({ id, result })), line };
}

function failed(id: RpcId, error: RpcError, line: Record<string, unknown>): Answer {
  return { ...ok(envelope({ id, error })), line: { ...line, error: error.code, detail: error.message } };
}

function envelope(content: { id: RpcId; result?: JsonValue; error?: RpcError }): JsonText {
  return new JsonText(restoreLongIntegers(JSON.stringify({ jsonrpc: '2.0', ...content })));
}
