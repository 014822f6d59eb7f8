import { carryOnDrain } from '../dead-letters/drain.ts';
import { carryOnDiscard } from '../discard/discard.ts';
import type { Environment } from '../environment.ts';
import { carryOnSourceRelease } from '../holds/release-source.ts';
import { carryOnRelease } from '../holds/release-workflow.ts';
import { carryOnErasure } from '../persons/erase-person.ts';
import { carryOnReplay } from '../replay/bulk-replay.ts';
import type { CarryOnOptions, JobProgress } from './carry-on.ts';
import type { Job } from './jobs.ts';

type CarryOn = (environment: Environment, jobId: string, options?: CarryOnOptions) => AsyncGenerator<JobProgress>;

const byKind: Readonly<Record<Job['kind'], CarryOn>> = {
  replay: carryOnReplay,
  release: carryOnRelease,
  discard: carryOnDiscard,
  erase: carryOnErasure,
  drain: carryOnDrain,
  release_source: carryOnSourceRelease,
};

/** Does a job of any kind, or the rest of it. */
export function carryOnJob(
  environment: Environment,
  { id, kind }: Pick<Job, 'id' | 'kind'>,
  options: CarryOnOptions = {},
): AsyncGenerator<JobProgress> {
  return byKind[kind](environment, id, options);
}
