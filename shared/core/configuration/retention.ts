/**
 * A week, which is shorter than any retention of the log. A claim's owner has finished if its row
 * says so. A window longer than the retention would therefore let a copy run again.
 */
export const windowHoursMax = 168;
/** A day more than the longest window, for late claims. */
export const retentionDaysMin = windowHoursMax / 24 + 1;
export const retentionDaysMax = 3650;
