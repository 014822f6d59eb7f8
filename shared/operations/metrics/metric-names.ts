/** Of the functions' counts. */
export const namespace = 'Signalbox';

/**
 * Requests that the gateway answered 429, as its access log tells. A filter of a log takes dimensions
 * from the log's lines alone, so the environment is in the namespace: a field more would cost every
 * request.
 */
export function requestsThrottled(environment: string): { namespace: string; name: string } {
  return { namespace: `${namespace}/${environment}`, name: 'RequestsThrottled' };
}
