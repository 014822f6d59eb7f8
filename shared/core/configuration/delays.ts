const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Of seconds, or of text with a unit: `15m`. */
export function delaySeconds(delay: number | string): number {
  return typeof delay === 'number' ? delay : Number(delay.slice(0, -1)) * (unitSeconds[delay.slice(-1)] ?? 0);
}

/** The longest delay of a workflow: the shortest time that a run's row is kept. */
export const delayDaysMax = 7;

export const recipientWaitSecondsMax = 900;
const recipientWaitSecondsDefault = 10;

/** How long an action waits for unknown recipients where no file says it. */
export const recipientWaitMsDefault = recipientWaitSecondsDefault * 1000;

/** How long a trigger of this workflow waits for unknown recipients. */
export function recipientWaitMs({
  wait_for_recipients = recipientWaitSecondsDefault,
}: {
  wait_for_recipients?: number | string | undefined;
}): number {
  return delaySeconds(wait_for_recipients) * 1000;
}
