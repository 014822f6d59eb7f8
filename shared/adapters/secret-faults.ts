import type { SecretFault } from '../ports/secrets.ts';

/** True for "there is no such secret". A secret without a current version exists. */
export function isAbsent(error: unknown): boolean {
  return isNamed(error, 'ResourceNotFoundException') && faultOf(error) !== 'no_current_version';
}

/**
 * What an error of Secrets Manager says about the secret. Two faults share their names with others
 * and are told apart by their messages; where a message is unknown, the secret counts as unreadable
 * or absent. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export function faultOf(error: unknown): SecretFault {
  if (!(error instanceof Error)) return 'store_unavailable';
  switch (error.name) {
    case 'InvalidRequestException':
      return /\b(marked|scheduled) for deletion\b|\bmarked deleted\b/i.test(error.message)
        ? 'scheduled_for_deletion'
        : 'store_unavailable';
    case 'ResourceNotFoundException':
      return /\bsecret value\b/i.test(error.message) ? 'no_current_version' : 'store_unavailable';
    case 'DecryptionFailure':
    case 'DecryptionFailureException':
      return 'key_unusable';
    case 'AccessDenied':
    case 'AccessDeniedException':
      return /\bKMS\b/i.test(error.message) ? 'key_unusable' : 'access_denied';
    default:
      return 'store_unavailable';
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
