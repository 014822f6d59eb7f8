import type { EnvironmentFile, EnvironmentState, Snapshot } from '../../core/configuration/schema.ts';
import { SourceSettings } from '../../core/configuration/schema.ts';
import { targetDefinition } from '../../core/configuration/targets/index.ts';
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

/**
 * Workflows whose target in an environment needs a secret that is not set. Until it is set their runs
 * wait, and are given up after a day.
 */
export async function targetsWithoutSecret(
  workflows: Snapshot['workflows'],
  environment: string,
  isSecretSet: (name: string) => boolean | Promise<boolean>,
): Promise<string[]> {
  const lacking: string[] = [];
  for (const [key, workflow] of Object.entries(workflows)) {
    const target = own(workflow.target, environment);
    if (target !== undefined && targetDefinition(target).secret && !(await isSecretSet(`targets/${key}`)))
      lacking.push(key);
  }
  return lacking;
}
