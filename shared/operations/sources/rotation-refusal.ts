import { failure, type Refusal } from '../refusal.ts';
import { formatAgo } from '../words/times.ts';
import type { PreviousUrl } from './rotate-url.ts';

/** Why a URL is not rotated again. */
export function stillValidRefusal(source: string, previous: PreviousUrl, nowMs: number): Refusal {
  return failure(
    `the URL of ${source} before the current one is still valid (${useOf(previous, nowMs)}); rotating again would end it, and only two are ever valid`,
    `when it is no longer used: npx signalbox sources rotate ${source} --retire`,
    'to end it now: --force',
  );
}

/** Why an old URL is not ended without a further word. */
export function usedLatelyRefusal(source: string, environment: string, previous: PreviousUrl, nowMs: number): Refusal {
  return failure(
    `${usedLatelyText(source, environment, previous, nowMs)}. ${endOfUse}`,
    'wait until it has been quiet for a day, or say --yes',
  );
}

export const endOfUse =
  'What a sender still posts to it will be answered 404, and most senders drop such events for good';

export function usedLatelyText(source: string, environment: string, previous: PreviousUrl, nowMs: number): string {
  return `the old URL of ${source} in ${environment}: ${useOf(previous, nowMs)}`;
}

function useOf({ lastUsedAtMs, rotatedAtMs }: PreviousUrl, nowMs: number): string {
  if (lastUsedAtMs !== undefined) return `last used ${formatAgo(lastUsedAtMs, nowMs)}`;
  return rotatedAtMs === undefined ? 'not used' : `not used since it was replaced ${formatAgo(rotatedAtMs, nowMs)}`;
}
