import * as z from 'zod';

const unitSeconds: Record<string, number> = { m: 60, h: 3600, d: 86_400 };
const daySeconds = 86_400;
const everySecondsMin = 300;
const everyDaysMax = 7;

function everySecondsOf(text: string): number {
  return Number(text.slice(0, -1)) * (unitSeconds[text.slice(-1)] ?? 0);
}

/** CloudWatch evaluates up to a day at once, and whole days beyond, up to a week. */
const Every = z
  .string()
  .regex(/^[1-9]\d*[mhd]$/, 'must be a number and m, h or d: 30m, 1h, 2d')
  .refine((text) => {
    const seconds = everySecondsOf(text);
    return seconds >= everySecondsMin && seconds <= everyDaysMax * daySeconds;
  }, `must be 5m to ${everyDaysMax}d`)
  .refine((text) => {
    const seconds = everySecondsOf(text);
    return seconds <= daySeconds || seconds % daySeconds === 0;
  }, 'must be whole days beyond one day: 2d instead of 36h');

const range = /^(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)$/;

function volumeOf(text: string): Volume {
  const [, low, high] = range.exec(text) ?? [];
  return { low: Number(low), high: Number(high) };
}

const VolumeText = z
  .string()
  .regex(range, 'must be two numbers with two dots between: 0.2..5')
  .refine((text) => {
    const { low, high } = volumeOf(text);
    return low <= 1 && high >= 1 && low < high;
  }, 'must have 1 between its ends, for the same as last week: 0.2..5');

/** What a source usually sends. */
export const ExpectationText = z
  .strictObject({
    every: Every.optional().describe(
      'An alarm tells when no event came for so long: 30m, 1h, 2d; at most 7d. It takes effect with the next deploy.',
    ),
    volume: VolumeText.optional().describe(
      'The events of an hour, in shares of the same hour a week before: 0.2..5 is a fifth to five times as many. An alarm tells when it is broken; a new one comes with the next deploy.',
    ),
    in: z
      .array(z.string().min(1))
      .min(1, 'must name an environment; leave it out for all')
      .optional()
      .describe('Environments that it is for. Default: all.'),
  })
  .refine(({ every, volume }) => every !== undefined || volume !== undefined, 'must have every, volume or both');
export type ExpectationText = z.infer<typeof ExpectationText>;

/** Shares of the events of the same hour a week before. */
export type Volume = { low: number; high: number };

export type Expectation = { every?: { text: string; seconds: number }; volume?: Volume & { text: string } };

/** What a source is expected to send in an environment; empty when nothing is. */
export function expectationIn(expect: ExpectationText | undefined, environment: string): Expectation {
  if (expect === undefined || expect.in?.includes(environment) === false) return {};
  const { every, volume } = expect;
  return {
    ...(every !== undefined && { every: { text: every, seconds: everySecondsOf(every) } }),
    ...(volume !== undefined && { volume: { text: volume, ...volumeOf(volume) } }),
  };
}
