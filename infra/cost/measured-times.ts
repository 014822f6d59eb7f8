/** A function whose calls an event pays for. */
export type BilledFunction = 'ingest' | 'processor' | 'workflow-trigger';
export const billedFunctions: readonly BilledFunction[] = ['ingest', 'processor', 'workflow-trigger'];

/** One line of `npm run bench -- runtime`: how long a warm call took on average, by megabytes of memory. */
type MeasuredTime = { records: number; meanMs: Readonly<Record<number, number>> };

/**
 * Milliseconds of warm calls, from `npm run bench -- runtime`. docs/figures.md has the table and
 * how it is measured. Means, not medians, since the bill is a sum: they follow from the table's
 * dollars for a million calls, less $0.20 for the calls themselves. `records` are the requests or
 * messages of a call. Calls with one message were measured at the chosen memory alone.
 */
export const measuredTimes = {
  measuredOn: '2026-11-29',
  origin: 'npm run bench -- runtime',
  functions: {
    ingest: [{ records: 1, meanMs: { 256: 27.0, 512: 6.0, 1024: 4.5, 1769: 4.8 } }],
    processor: [
      { records: 1, meanMs: { 512: 19.8 } },
      { records: 10, meanMs: { 256: 195.0, 512: 106.5, 1024: 82.5, 1769: 73.8 } },
    ],
    'workflow-trigger': [
      { records: 1, meanMs: { 512: 45.4 } },
      { records: 10, meanMs: { 256: 219.0, 512: 79.5, 1024: 42.8, 1769: 28.7 } },
    ],
  },
} as const satisfies MeasuredTimes;

export type MeasuredTimes = {
  measuredOn: string;
  origin: string;
  functions: Record<BilledFunction, readonly MeasuredTime[]>;
};
