import type { Verifier } from '../../core/signatures/verifier.ts';

/**
 * The modes of `send`: a normal sender, one that sends everything twice, and three with an invalid
 * proof.
 */
export const sendModes = ['once', 'duplicate', 'tampered', 'stale', 'unsigned'] as const;
export type SendMode = (typeof sendModes)[number];

export type Proven = { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> };

/** How far a stale signature is beyond the tolerance. */
const staleSeconds = 60;

/**
 * The request that a sender with `secret` makes from a body; three modes spoil its proof.
 *
 * - `tampered`: one byte of the body is changed after signing, or of the proof if it does not cover
 *   the body;
 * - `stale`: signed longer ago than the tolerance;
 * - `unsigned`: without any proof.
 *
 * @param id the sender's own id of the message, for schemes that sign one
 */
export function prove(
  verifier: Verifier,
  mode: SendMode,
  { body, secret, id, nowMs }: { body: Uint8Array<ArrayBuffer>; secret: string | undefined; id: string; nowMs: number },
): Proven {
  if (secret === undefined || mode === 'unsigned') return { body, headers: {} };
  const signAt = (rawBody: Uint8Array, atMs: number) => verifier.sign({ rawBody, secret, id, nowMs: atMs });
  if (mode === 'stale') {
    return { body, headers: signAt(body, nowMs - ((verifier.toleranceSeconds ?? 0) + staleSeconds) * 1000) };
  }
  const headers = signAt(body, nowMs);
  if (mode !== 'tampered') return { body, headers };
  return coversBody(verifier, secret) ? { body: changeByte(body), headers } : { body, headers: changeProof(headers) };
}

/** Why a mode makes no sense with this verifier; undefined when it does. */
export function modeProblem(verifier: Verifier, mode: SendMode, hasSecret: boolean): string | undefined {
  if (mode === 'once' || mode === 'duplicate' || mode === 'unsigned') return undefined;
  if (!hasSecret) return 'no secret is set, so there is nothing to sign with';
  if (mode === 'stale' && verifier.toleranceSeconds === undefined)
    return 'what proves this sender holds no time, so it is never stale';
  return undefined;
}

function coversBody(verifier: Verifier, secret: string): boolean {
  const of = (text: string) =>
    JSON.stringify(verifier.sign({ rawBody: Buffer.from(text), secret, id: 'id', nowMs: 0 }));
  return of('{}') !== of('{"a":1}');
}

/** Replaces the last letter or digit: the text differs but is still JSON. */
function changeByte(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(body);
  const at = changed.findLastIndex((byte) => isWordByte(byte));
  if (at !== -1) changed[at] = changed[at] === 0x31 ? 0x32 : 0x31;
  return changed;
}

const isWordByte = (byte: number) => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a);

function changeProof(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.slice(0, -1) + (value.endsWith('1') ? '2' : '1')]),
  );
}
