import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';

type CallLimits = {
  /** All attempts of one call, the first included. */
  attempts: number;
  attemptMs: number;
};

/**
 * Options for an SDK client: each attempt ends in time, and so does the sum of all attempts.
 * `requestTimeout` counts until an answer begins. Without `throwOnRequestTimeout` it only prints a
 * warning and the call hangs on. `socketTimeout` ends an answer that stops in the middle. The SDK
 * repeats an attempt that ended by one of them.
 * https://github.com/smithy-lang/smithy-typescript/tree/main/packages/node-http-handler
 */
export function callLimits({ attempts, attemptMs }: CallLimits) {
  return {
    maxAttempts: attempts,
    requestHandler: {
      // From two seconds on, the SDK sets no timer for calls that end within the first one.
      connectionTimeout: Math.min(2000, attemptMs),
      requestTimeout: attemptMs,
      throwOnRequestTimeout: true,
      socketTimeout: attemptMs,
    },
  };
}

/** For commands, which wait over slow lines and read full pages. */
export const patientCalls = callLimits({ attempts: 4, attemptMs: 15_000 });

const endOfCalls = new AsyncLocalStorage<AbortSignal>();

/**
 * Runs `work`, whose SDK calls all end when `signal` is aborted: those under way, and each later
 * one at once. They fail with an `AbortError`, which the SDK does not repeat. So a function whose
 * time has run out still answers in the ordinary way, and leaves no half-done call behind that
 * would go on when Lambda wakes the process for other work.
 */
export function endCallsWith<Result>(signal: AbortSignal, work: () => Result): Result {
  // Every call under way listens.
  setMaxListeners(0, signal);
  return endOfCalls.run(signal, work);
}

type Handle = (request: never, options?: { abortSignal?: AbortSignal }) => unknown;

/** Lets `endCallsWith` end the client's calls. */
export function endable<Client extends { config: { requestHandler: object } }>(client: Client): Client {
  const handler = client.config.requestHandler as { handle: Handle };
  const handle: Handle = handler.handle.bind(handler);
  handler.handle = (request, options = {}) => {
    const signal = endOfCalls.getStore();
    if (signal === undefined) return handle(request, options);
    const { abortSignal } = options;
    return handle(request, { ...options, abortSignal: abortSignal ? AbortSignal.any([abortSignal, signal]) : signal });
  };
  return client;
}
