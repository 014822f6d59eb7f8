import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { own } from '../../core/json/values.ts';
import { capabilitiesFrom, unknownNeeds } from '../configuration/capabilities.ts';
import { sourcesWithoutSecret } from '../configuration/missing-secrets.ts';
import type { Environment } from '../environment.ts';
import { secretLookup } from '../secrets/secret-names.ts';
import { secretState } from '../secrets/secret-store.ts';

/**
 * Why every request of a source gets 503, from what an operator may see. The answer itself must not
 * say it, since a stranger may read it. One sentence per cause, each with the next step; empty when
 * no cause is found.
 */
export async function whyRefused(environment: Environment, source: string): Promise<string[]> {
  let live: Awaited<ReturnType<typeof readLive>>;
  try {
    live = await readLive(environment.configuration);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UnreadableConfiguration') throw error;
    return [
      `the live configuration cannot be read (${error.message}); push it again: npx signalbox config push --commit`,
    ];
  }
  const file = own(live.snapshot.sources, source);
  if (file === undefined) return [`source "${source}" is not live any more: npx signalbox config log says since when`];
  const reasons: string[] = [];
  const capabilities = capabilitiesFrom(environment.outputs);
  for (const lack of capabilities === undefined ? [] : unknownNeeds(live.snapshot, capabilities)) {
    const what = lack.need === 'format' ? `the configuration's format ${lack.name}` : `${lack.need} "${lack.name}"`;
    const next = environment.local ? 'start it again: npm start' : 'deploy it again: npx cdk deploy';
    reasons.push(`the running functions do not know ${what}; ${next}`);
  }
  const lacking = await sourcesWithoutSecret(
    { [source]: file },
    { state: live.state, seed: undefined },
    secretLookup(environment),
  );
  const store = { client: await environment.secrets(), prefix: environment.outputs.SecretsPrefix };
  const { deletedOnMs } = await secretState(store, `sources/${source}`);
  if (deletedOnMs !== undefined)
    reasons.push(`the secret of ${source} is scheduled for deletion: npx signalbox secrets restore ${source}`);
  else if (lacking.length > 0)
    reasons.push(`requests of ${source} must be verified, and it has no secret: npx signalbox secrets set ${source}`);
  return reasons;
}
