import { readFileSync } from 'node:fs';

/** Alarms of each function share a heading. */
function headingOf(alarm: string): string {
  return alarm.replace(/^(ingest|processor|workflow-trigger|dead-letter|rest)-(errors|throttles)$/, 'function-$2');
}

/**
 * Within how many minutes of its cause an alarm is to be raised: a column of docs/alarms.md.
 * @throws Error for an alarm without a promise
 */
export function promisedMinutesOf(alarm: string): number {
  const heading = headingOf(alarm);
  const row = readFileSync('docs/alarms.md', 'utf8').match(`\\| \\[${heading}\\]\\(#${heading}\\) \\| (\\d+) min \\|`);
  if (row === null) throw new Error(`docs/alarms.md does not say within how many minutes ${heading} is raised`);
  return Number(row[1]);
}
