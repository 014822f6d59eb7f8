import { makePreprocessor } from '../../adapters/jsonata-preprocessor.ts';
import type { RawEvent } from '../../core/events/raw-event.ts';
import { compareDryRuns } from '../../core/rehearsal/compare-dry-runs.ts';
import { dryRun } from '../../core/rehearsal/dry-run.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { TestedEvent } from './dry-run-rows.ts';

export type TestWith = {
  live: LiveConfiguration;
  draft: LiveConfiguration | undefined;
  environment: string;
  nowMs: number;
};

const preprocessor = makePreprocessor(() => performance.now());

/** One event under the live configuration and, if given, under a draft. */
export async function testEvent(raw: RawEvent, { live, draft, ...rest }: TestWith): Promise<TestedEvent> {
  const underLive = await dryRun(raw, { configuration: live, preprocessor, ...rest });
  if (draft === undefined) return { live: underLive, draft: undefined, changes: [] };
  const underDraft = await dryRun(raw, { configuration: draft, preprocessor, ...rest });
  return { live: underLive, draft: underDraft, changes: compareDryRuns(underLive, underDraft) };
}
