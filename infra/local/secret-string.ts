import { randomInt } from 'node:crypto';
import * as z from 'zod';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-secretsmanager-secret-generatesecretstring.html */
export const GenerateSecretString = z.object({
  PasswordLength: z.coerce.number().int().min(1).max(4096).default(32),
  ExcludeCharacters: z.string().default(''),
  ExcludeLowercase: z.boolean().default(false),
  ExcludeUppercase: z.boolean().default(false),
  ExcludeNumbers: z.boolean().default(false),
  ExcludePunctuation: z.boolean().default(false),
  IncludeSpace: z.boolean().default(false),
  RequireEachIncludedType: z.boolean().default(true),
  /**
   * JSON object to which the password is added under `GenerateStringKey`; without it the password
   * is the secret.
   */
  SecretStringTemplate: z.string().optional(),
  GenerateStringKey: z.string().optional(),
});
export type GenerateSecretString = z.infer<typeof GenerateSecretString>;

/** A new secret as Secrets Manager would make it. */
export function generateSecretString(wanted: GenerateSecretString): string {
  const password = generatePassword(wanted);
  if (wanted.SecretStringTemplate === undefined || wanted.GenerateStringKey === undefined) return password;
  return JSON.stringify({ ...JSON.parse(wanted.SecretStringTemplate), [wanted.GenerateStringKey]: password });
}

function generatePassword(wanted: GenerateSecretString): string {
  const types = [
    wanted.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    wanted.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    wanted.ExcludeNumbers ? '' : '0123456789',
    wanted.ExcludePunctuation ? '' : '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    wanted.IncludeSpace ? ' ' : '',
  ]
    .map((characters) => [...characters].filter((character) => !wanted.ExcludeCharacters.includes(character)))
    .filter((characters) => characters.length > 0);
  const all = types.flat();
  if (all.length === 0) throw new Error('GenerateSecretString excludes every character');
  for (;;) {
    const password = Array.from({ length: wanted.PasswordLength }, () => all[randomInt(all.length)]);
    const hasEachType = types.every((characters) => characters.some((character) => password.includes(character)));
    // Drawing again keeps every position equally random; a password too short for each type cannot
    // have them all.
    if (hasEachType || !wanted.RequireEachIncludedType || password.length < types.length) return password.join('');
  }
}
