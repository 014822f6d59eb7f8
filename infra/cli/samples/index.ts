import { rudderstack } from './rudderstack.ts';
import type { SampleSet } from './sample.ts';

/** Samples by kind of source. A kind without samples can still be sent files. */
export const sampleSets: ReadonlyMap<string, SampleSet> = new Map([['rudderstack', rudderstack]]);
