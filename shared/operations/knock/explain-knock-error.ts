import * as mgmt from '@knocklabs/mgmt';
import * as api from '@knocklabs/node';
import { failure, type Refusal } from '../refusal.ts';

export const managementApi = 'https://control.knock.app';

/**
 * What an error of Knock's own client means to a person. The client has retried already whatever
 * may pass: rate limits, faults of the server, lost connections.
 * @returns undefined for an error that is not the client's
 */
export function explainKnockError(
  error: unknown,
  baseUrl: string,
  credential: 'service token' | 'API key' = 'service token',
): Refusal | undefined {
  if (!(error instanceof mgmt.APIError || error instanceof api.APIError)) return undefined;
  const host = hostOf(baseUrl);
  if (error instanceof mgmt.APIConnectionTimeoutError || error instanceof api.APIConnectionTimeoutError)
    return failure(`${host} did not answer in time`, 'nothing was written; run the command again');
  if (error instanceof mgmt.APIConnectionError || error instanceof api.APIConnectionError)
    return failure(
      `${host} cannot be reached (${causeOf(error)})`,
      'check the network, and --base-url where you gave one',
    );
  switch (error.status) {
    case 401:
      return failure(
        `Knock does not accept the ${credential}${said(error)}: it is wrong, expired or revoked`,
        credential === 'API key'
          ? 'take the secret key of the environment in the Knock dashboard, and put it into KNOCK_API_KEY'
          : 'make one in the Knock dashboard, Settings → Service tokens, and put it into KNOCK_SERVICE_TOKEN',
      );
    case 403:
      return failure(
        `the ${credential} may not read this${said(error)}`,
        'a service token of an account reads it whole; an API key of an environment does not',
      );
    case 404:
      return failure(
        `${host} does not have what an import reads${said(error)}`,
        `the management API is ${managementApi}; an API key's address is another`,
      );
    case 429:
      return failure(
        'Knock limits the rate of requests, and still refused after several attempts',
        'nothing was written; run the command again in a minute',
      );
    default:
      return failure(
        `Knock answered ${error.status ?? 'without a status'}${said(error)}`,
        (error.status ?? 0) >= 500
          ? 'nothing was written; run the command again later'
          : 'nothing was written; the management API may have changed: https://docs.knock.app/mapi-reference',
      );
  }
}

function hostOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).host : baseUrl;
}

/** Knock's own words: `{ code, message, status, type }`. */
function said({ error }: { error: unknown }): string {
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' && message !== '' ? ` ("${message.slice(0, 200)}")` : '';
}

/** `ECONNREFUSED` and the like: fetch puts the code on the cause of the cause. */
function causeOf(error: Error): string {
  let next: unknown = error;
  for (let depth = 0; depth < 5 && typeof next === 'object' && next !== null; depth++) {
    const { code } = next as { code?: unknown };
    if (typeof code === 'string') return code;
    next = (next as { cause?: unknown }).cause;
  }
  return error.message;
}
