import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { listSourceRegistry } from '../../adapters/dynamodb-seen-registry.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import { type ActionLogTable, mostShards } from '../actions/actions.ts';
import { knownSources, longestRetention } from '../sources/known-sources.ts';
import type { WorkflowRunsTable } from './runs.ts';

/** What lists of runs are read from. */
export type RunReads = {
  runs: WorkflowRunsTable;
  actionLog: ActionLogTable;
  /**
   * The largest number of log shards of any source, now or ever, and the longest retention of its
   * rows. Costs one Query.
   */
  logSize(): Promise<{ shards: number; retentionDays: number }>;
};

type Parts = Pick<RunReads, 'runs' | 'actionLog'> & {
  registry: ConfigurationTable;
  configuration(): Promise<LiveConfiguration>;
  /** Of sources that set none themselves. */
  logShards: number;
  retentionDays: number;
};

export function makeRunReads({ runs, actionLog, registry, configuration, logShards, retentionDays }: Parts): RunReads {
  return {
    runs,
    actionLog,
    async logSize() {
      const [live, sources] = await Promise.all([configuration(), listSourceRegistry(registry)]);
      return {
        shards: Math.max(logShards, mostShards(knownSources(live, sources, logShards))),
        retentionDays: longestRetention(live, retentionDays),
      };
    },
  };
}
