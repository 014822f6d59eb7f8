import type { ConfigurationSource } from '../../ports/configuration.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { FunctionLog } from '../failure-log.ts';
import type { LookAgain } from './look-again.ts';

/** A request to the URL of a source, as far as it says who sent it. */
export type SenderRequest = {
  /** As in the URL; empty without any. */
  source: string;
  token: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  rawBody: Uint8Array;
};

/** What is needed to find a URL's source, and to check who sent a request. */
export type SenderDeps = {
  configuration: ConfigurationSource;
  secrets: Secrets;
  /** How often wrong URLs may have these read again. */
  lookAgain: { configuration: LookAgain; key: LookAgain };
  log: FunctionLog;
  nowMs(): number;
};
