import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { readBreakers } from '../../adapters/dynamodb-target-breakers.ts';
import type { WorkflowHold } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import type { Breaker } from '../../core/targets/breaker.ts';
import type { Environment } from '../environment.ts';
import { countHeld } from '../holds/held-triggers.ts';
import { jobRow } from '../jobs/job-row.ts';
import { readJob } from '../jobs/jobs.ts';
import { notFound } from '../refusal.ts';
import { didYouMean } from '../words/did-you-mean.ts';
import { iso, isoOrNull } from '../words/iso.ts';
import type { WorkflowRow } from './workflow-row.ts';

/**
 * Workflows by key, also those that were removed while their runs were held. Breakers are read by key;
 * one Query counts what one workflow holds.
 * @param key of one alone
 * @throws Refusal (not_found) for a key that is not live and holds nothing
 */
export async function workflowRows(environment: Environment, key?: string): Promise<WorkflowRow[]> {
  const { snapshot, state } = await readLive(environment.configuration);
  const holds = state.held_workflows ?? {};
  const all = [...new Set([...Object.keys(snapshot.workflows), ...Object.keys(holds)])].sort();
  if (key !== undefined && !all.includes(key))
    throw notFound(`no workflow "${key}" is live in ${environment.name}${didYouMean(key, all)}`);
  const keys = key === undefined ? all : [key];
  const breakers = await readBreakers(environment.documents, environment.outputs.DirectoryTable, keys);
  return Promise.all(
    keys.map(async (workflow): Promise<WorkflowRow> => {
      const file = own(snapshot.workflows, workflow);
      const hold = own(holds, workflow);
      const targets = Object.fromEntries(Object.entries(file?.target ?? {}).map(([name, { type }]) => [name, type]));
      const waits = hold === undefined ? undefined : await whatWaits(environment, workflow, hold);
      return {
        key: workflow,
        name: file?.name ?? null,
        environment: environment.name,
        state: state.inactive_workflows.includes(workflow)
          ? 'dropping'
          : waits === undefined
            ? 'active'
            : waits.release?.state === 'running'
              ? 'releasing'
              : 'holding',
        target: own(targets, environment.name) ?? null,
        targets,
        hold: waits?.hold ?? null,
        held: waits?.held ?? null,
        release: waits?.release ?? null,
        breaker: openBreaker(breakers.get(workflow)),
      };
    }),
  );
}

async function whatWaits(environment: Environment, workflow: string, { since, by, reason, job }: WorkflowHold) {
  const [held, release] = await Promise.all([
    countHeld(environment, workflow),
    job === undefined ? undefined : readJob(environment.configuration, job),
  ]);
  return {
    hold: { since, by, reason: reason ?? null },
    held: {
      runs: held.runs,
      without_runs: held.withoutRuns,
      is_more: held.isMore,
      oldest_received_at: isoOrNull(held.oldest?.receivedAtMs),
      oldest_expires_at: isoOrNull(held.oldest?.expiresAtMs),
    },
    release: release === undefined ? null : jobRow(release),
  };
}

function openBreaker(breaker: Breaker | undefined): WorkflowRow['breaker'] {
  if (breaker?.isOpen !== true) return null;
  const { openedAtMs, probeAtMs, failedProbes, reason, detail } = breaker;
  return { since: iso(openedAtMs), next_probe_at: iso(probeAtMs), failed_probes: failedProbes, reason, detail };
}
