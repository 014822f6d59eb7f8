import { randomBytes } from 'node:crypto';

/** What AWS's clients sign with. Here the id alone is the proof: it is as long as a key, and told to no other user. */
export type LocalCredentials = { accessKeyId: string; secretAccessKey: string };

/** New for each run, so that what a page or another user has learnt of an earlier one opens nothing. */
export function makeCredentials(): LocalCredentials {
  return { accessKeyId: `LOCAL${randomBytes(16).toString('hex')}`, secretAccessKey: randomBytes(20).toString('hex') };
}
