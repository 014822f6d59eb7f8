import { usageError } from '../../shared/operations/refusal.ts';

/** For `--config-version 12`; a commit's whole id is fine too. */
export function configVersion(text: string): number {
  const [, digits] = /^v?(\d{1,8})(?:-[0-9a-f]*)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined || Number(digits) === 0)
    throw usageError(`"${text}" is not a version of the configuration; one looks like 12 or 12-9f3c61aa`);
  return Number(digits);
}

/** For `--warnings` and `--warnings no_runs,email_malformed`. */
export function warningCodes(text: string): string[] {
  return text.split(',').map((code) => code.trim());
}

/** For `--configuration draft` and `--configuration 12`. */
export function draftOrVersion(text: string): 'draft' | number {
  return text.trim() === 'draft' ? 'draft' : configVersion(text);
}
