import { makePreprocessor } from '../../../adapters/jsonata-preprocessor.ts';
import type { NormalizedEvent } from '../../../core/events/normalized-event.ts';
import type { RawEvent } from '../../../core/events/raw-event.ts';
import { own } from '../../../core/json/values.ts';
import { readAndPlan } from '../../../core/plan/plan-event.ts';
import type { LiveConfiguration } from '../../../ports/configuration.ts';
import { readConfigurationFiles } from '../../configuration/files/configuration-files.ts';
import type { Environment } from '../../environment.ts';
import { failure, notFound } from '../../refusal.ts';
import { pickSources, readSources } from '../../sources/known-sources.ts';
import { candidateOfFiles } from '../files-candidate.ts';
import { chosenEvent, type EventChoice } from './chosen-event.ts';

export type ReadEvent = {
  raw: RawEvent;
  /** False for a sample. */
  isStored: boolean;
  event: NormalizedEvent;
  /** The configuration that it was read by. */
  candidate: LiveConfiguration;
  live: LiveConfiguration;
};

const preprocessor = makePreprocessor(() => performance.now());

/**
 * The chosen event as the files of a folder read it; as what is live does when they lack its source.
 * @throws Refusal when there is no such event or source, or the event cannot be read
 */
export async function readChosenEvent(
  environment: Environment,
  directory: string,
  chosen: EventChoice,
  nowMs: number,
): Promise<ReadEvent> {
  const { live, known } = await readSources(environment);
  const files = readConfigurationFiles(directory);
  const fromFiles = own(files.snapshot.sources, chosen.source);
  const candidate = fromFiles === undefined ? live : candidateOfFiles(environment, live, files).configuration;
  const file = fromFiles ?? own(live.snapshot.sources, chosen.source);
  if (file === undefined) pickSources(known, chosen.source);
  const found = await chosenEvent(environment, known, chosen, { file, nowMs });
  if (found === undefined)
    throw notFound(
      `no event of type "${chosen.type}" came, and its kind of source has no sample of it`,
      `send one, or paste the id of an event`,
    );
  const { event, plan } = await readAndPlan(found.raw, candidate, preprocessor);
  if (event === undefined)
    throw failure(
      `the event cannot be read: ${plan.kind === 'rejected' ? (plan.detail ?? plan.reason) : plan.kind}`,
      'choose another one',
    );
  return { ...found, event, candidate, live };
}
