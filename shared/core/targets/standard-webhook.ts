import { createHmac } from 'node:crypto';

/**
 * Headers of a Standard Webhooks message: one `v1` signature per active secret, so that a receiver
 * can change its secret without a gap.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param secrets `whsec_` and base64, newest first
 * @throws Error when a secret is not one; its message never quotes it
 */
export function standardWebhookHeaders(
  { messageId, body, nowMs }: { messageId: string; body: string; nowMs: number },
  secrets: string[],
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const signatures = secrets.map((secret) => {
    const signature = createHmac('sha256', signingKey(secret)).update(`${messageId}.${timestamp}.${body}`);
    return `v1,${signature.digest('base64')}`;
  });
  return {
    'webhook-id': messageId,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}

const prefix = 'whsec_';

function signingKey(secret: string): Buffer {
  // Buffer.from skips characters that are not base64, and would sign with a wrong key.
  if (!isSigningSecret(secret)) throw new Error('a secret of the target is not "whsec_" followed by base64');
  return Buffer.from(secret.slice(prefix.length), 'base64');
}

export function isSigningSecret(secret: string): boolean {
  return secret.startsWith(prefix) && /^[A-Za-z0-9+/]{16,}={0,2}$/.test(secret.slice(prefix.length));
}

export function signingSecretOf(random: Uint8Array): string {
  return prefix + Buffer.from(random).toString('base64');
}
