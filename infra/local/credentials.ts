import { randomBytes } from 'node:crypto';

/**
 * The credentials of AWS clients. Here the id alone is the proof: it is as long as a key, and kept
 * from other users.
 */
export type LocalCredentials = { accessKeyId: string; secretAccessKey: string };

/** New for each run, so that credentials of an earlier run do not work. */
export function makeCredentials(): LocalCredentials {
  return { accessKeyId: `LOCAL${randomBytes(16).toString('hex')}`, secretAccessKey: randomBytes(20).toString('hex') };
}
