import { apiSource } from '../ids/api-source.ts';

/**
 * The event type of a test run, in the API's source. No call of the API has this type, and no file
 * may take that source, so only an operator makes such a row. Replays and retries keep the type.
 */
export const testRunType = 'workflows.test';

export function isTestRun({ source, eventType }: { source: string; eventType?: string | undefined }): boolean {
  return eventType === testRunType && source === apiSource;
}
