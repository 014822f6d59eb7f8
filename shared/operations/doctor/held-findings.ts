import { readLines } from '../../adapters/dynamodb-run-limits.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Environment } from '../environment.ts';
import { countHeld, heldText } from '../holds/held-triggers.ts';
import { readJob } from '../jobs/jobs.ts';
import { iso } from '../words/iso.ts';
import { plural } from '../words/text.ts';
import { formatAgo } from '../words/times.ts';
import { type Finding, finding, on } from './finding.ts';

/** Workflows over their own rate: how many runs wait for their turn, and until when. */
export async function limitFindings(
  environment: Environment,
  { snapshot }: LiveConfiguration,
  nowMs: number,
): Promise<Finding[]> {
  const limited = Object.entries(snapshot.workflows).flatMap(([key, { max_per_second: rate }]) =>
    rate === undefined ? [] : [[key, rate] as const],
  );
  const { documents, outputs } = environment;
  const keys = limited.map(([key]) => key);
  const lines = await readLines(documents, outputs.DirectoryTable, keys, nowMs);
  return limited.flatMap(([workflow, rate]) => {
    const untilMs = lines.get(workflow);
    if (untilMs === undefined) return [];
    const count = Math.ceil(((untilMs - nowMs) / 1000) * rate);
    return [
      finding('runs_wait_for_limit', {
        workflow,
        reason: 'rate_limited',
        cause: `about ${plural(count, 'run')} over max_per_second ${rate} ${count === 1 ? 'waits' : 'wait'} for a turn; the last one is at ${iso(untilMs)}`,
        count,
        next: `npx signalbox actions --workflow ${workflow} --status pending${on(environment)}`,
      }),
    ];
  });
}

const warnBeforeMs = 3 * 86_400_000;

/** Workflows that hold their runs: how many, since when, and what is at risk. One Query each. */
export async function heldFindings(
  environment: Environment,
  { state }: LiveConfiguration,
  nowMs: number,
): Promise<{ findings: Finding[]; triggers: number }> {
  const holds = Object.entries(state.held_workflows ?? {});
  const each = await Promise.all(
    holds.map(async ([workflow, { since, by, reason, job }]) => {
      const [held, release] = await Promise.all([
        countHeld(environment, workflow),
        job === undefined ? undefined : readJob(environment.configuration, job),
      ]);
      const { oldest, runs } = held;
      const next = `npx signalbox workflow resume ${workflow}${on(environment)}`;
      const why = reason === undefined ? '' : `, ${reason}`;
      const isReleasing = release?.state === 'running';
      const old = oldest === undefined ? '' : `, the oldest for an event of ${formatAgo(oldest.receivedAtMs, nowMs)}`;
      const now = isReleasing ? 'and is being resumed' : `and holds its runs (by ${by}${why})`;
      const findings = [
        finding('runs_held', {
          workflow,
          cause: `the workflow is paused ${now}: ${heldText(held)} held${old}`,
          count: runs,
          since,
          next: isReleasing ? `npx signalbox jobs show ${release.id}${on(environment)}` : next,
        }),
      ];
      if (oldest !== undefined && oldest.expiresAtMs - nowMs < warnBeforeMs)
        findings.push(
          finding('held_runs_expire', {
            workflow,
            cause: `held runs age out from ${iso(oldest.expiresAtMs)} on, and are then lost`,
            count: runs,
            since: iso(oldest.receivedAtMs),
            next,
          }),
        );
      if (isReleasing && (release.leaseEndsAtMs ?? 0) < nowMs)
        findings.push(
          finding('release_left', {
            workflow,
            cause: `its release by ${release.author} was left: no process is at it since ${release.updatedAt}`,
            count: runs,
            since: release.updatedAt,
            next: `npx signalbox jobs resume ${release.id}${on(environment)}`,
          }),
        );
      return { findings, triggers: held.triggers };
    }),
  );
  return {
    findings: each.flatMap(({ findings }) => findings),
    triggers: each.reduce((sum, { triggers }) => sum + triggers, 0),
  };
}
