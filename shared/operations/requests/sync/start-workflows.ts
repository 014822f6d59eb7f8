import type { DeedOf } from '../../../core/destinations/destination.ts';
import { findWorkflow } from '../find-workflow.ts';
import type { RequestPorts } from '../request.ts';
import type { PlannedRecord, Work } from './planned-record.ts';

type TriggerDeed = DeedOf<'trigger'>;

/** Triggers are queued like events, and done once the queue has them. Unknown workflows are refused. */
export async function startWorkflows(
  records: PlannedRecord<TriggerDeed>[],
  ports: RequestPorts,
): Promise<Work<TriggerDeed>> {
  const names = [...new Set(records.map(({ deed }) => deed.workflow))];
  const found = new Map(await Promise.all(names.map(async (name) => [name, await findWorkflow(name, ports)] as const)));
  return {
    leavesRest: ({ deed }) => found.get(deed.workflow)?.kind === 'found',
    async apply(chunk, end) {
      for (const record of chunk) {
        const workflow = found.get(record.deed.workflow);
        if (workflow?.kind === 'refused') end(record, { done: false, message: workflow.detail });
        else end(record, { done: true });
      }
    },
  };
}
