import type { EnvironmentFile, EnvironmentState, Snapshot } from '../../core/configuration/schema.ts';
import { SourceSettings } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import { effectiveSettings } from '../../core/live/effective-settings.ts';
import { sourceKind } from '../../core/sources/index.ts';

/** What an environment says of its sources: what is in force, else what its file gives new ones. */
export type SettingsThere = { state: EnvironmentState; seed: EnvironmentFile | undefined };

/**
 * Sources that have to be verified in an environment and have no secret there: until it is set they answer 503, which
 * their senders try again for a while, and then no longer.
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
