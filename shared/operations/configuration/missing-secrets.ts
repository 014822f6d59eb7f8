import type { EnvironmentFile, EnvironmentState, Snapshot } from '../../core/configuration/schema.ts';
import { SourceSettings } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import { effectiveSettings } from '../../core/live/effective-settings.ts';
import { sourceKind } from '../../core/sources/index.ts';

/** An environment's settings of its sources: those in force, else the first values in its file. */
export type SettingsThere = { state: EnvironmentState; seed: EnvironmentFile | undefined };

/**
 * Sources whose verification is enforced in an environment without a secret. Until it is set they
 * answer 503, which senders retry only for a while.
 */
export async function sourcesWithoutSecret(
  sources: Snapshot['sources'],
  { state, seed }: SettingsThere,
  isSecretSet: (name: string) => boolean | Promise<boolean>,
): Promise<string[]> {
  const lacking: string[] = [];
  for (const [key, file] of Object.entries(sources)) {
    const settings = own(state.sources, key) ?? own(seed?.sources ?? {}, key) ?? SourceSettings.parse({});
    const { enforcement } = effectiveSettings(sourceKind(file.kind), file, settings);
    if (enforcement === 'on' && !(await isSecretSet(`sources/${key}`))) lacking.push(key);
  }
  return lacking;
}
