import type { Verification } from '../configuration/verification.ts';
import { basic, bearer } from './authorization.ts';
import { hmac } from './hmac.ts';
import { sharedHeader } from './shared-header.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { unsigned } from './unsigned.ts';
import type { Verifier } from './verifier.ts';

/**
 * The verifier that a source's file declares, made of the same parts as those of built-in kinds.
 */
export function declaredVerifier(verification: Verification): Verifier {
  switch (verification.kind) {
    case 'none':
      return unsigned('the source declares that nothing is checked');
    case 'header':
      return sharedHeader(verification.header);
    case 'bearer':
      return bearer();
    case 'basic':
      return basic();
    case 'standard-webhooks':
      return standardWebhooks('webhook');
    case 'hmac': {
      const { algorithm, encoding, header, prefix, content, timestamp, id_header: idHeader, key } = verification;
      return hmac({
        algorithm,
        encoding,
        header,
        format: { kind: 'whole', ...(prefix !== undefined && { prefix }) },
        content,
        ...(timestamp && {
          timestamp: { header: timestamp.header, unit: timestamp.unit, toleranceSeconds: timestamp.tolerance_seconds },
        }),
        ...(idHeader !== undefined && { idHeader }),
        key,
        secretIsChosen: true,
      });
    }
  }
}
