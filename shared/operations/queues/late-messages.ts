/**
 * After how many minutes of waiting the oldest message is late. A retry of actions waits for up to 15
 * minutes on purpose. Alarms and the doctor go by the same.
 */
export const lateAfterMinutes = { events: 5, actions: 17 } as const;

/**
 * For how long a message may come back before no passing trouble explains it. Delays double from five
 * seconds, so the seventh delivery or try comes after 4 to 6 minutes. docs/protocols/retries.md
 */
export const longWaitMs = 4 * 60_000;
