import { itemFromEntry as actionItem } from '../../shared/adapters/dynamodb-action-log.ts';
import { itemFromEntry as eventItem } from '../../shared/adapters/dynamodb-event-log.ts';
import { itemBytes } from '../../shared/core/json/item-bytes.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';

/**
 * What a table takes of an item: 400 KB and 32 levels. The size is compared with the embedded table by table-limits.test.ts.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
const itemBytesMax = 400 * 1024;
/** An item is the first level. */
const levelsMax = 31;

/** Why a table refuses an item; undefined when it takes it. */
export function itemProblem(item: Record<string, unknown>): string | undefined {
  if (itemBytes(item) > itemBytesMax) return 'Item size has exceeded the maximum allowed size';
  return levelsOf(item) > levelsMax ? 'Nesting Levels have exceeded supported limits' : undefined;
}

/** Lists and maps inside each other, the item itself not counted. */
function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0;
  return Object.values(value).reduce<number>((most, inner) => {
    const isNested = typeof inner === 'object' && inner !== null && !(inner instanceof Uint8Array);
    return isNested ? Math.max(most, 1 + levelsOf(inner)) : most;
  }, 0);
}

const refusal = (item: Record<string, unknown>): Error | undefined => {
  const problem = itemProblem(item);
  return problem === undefined ? undefined : Object.assign(new Error(problem), { name: 'ValidationException' });
};

const rowOptions = { retentionDays: 30, usersIndex: true };

/** An event log whose rows have to fit a table, as the adapter writes them: of a batch only what does not fit is kept out. */
export function limitedEventLog<Log extends EventLog>(log: Log): Log {
  return {
    ...log,
    async writeEach(entries) {
      const problems = entries.map((entry) => refusal(eventItem(entry, rowOptions)));
      await log.writeEach(entries.filter((_, i) => problems[i] === undefined));
      return problems;
    },
    async writeHeld(entry) {
      const problem = refusal(eventItem(entry, rowOptions));
      if (problem) throw problem;
      return log.writeHeld(entry);
    },
    async writeFailed(entry) {
      const problem = refusal(eventItem(entry, rowOptions));
      if (problem) throw problem;
      return log.writeFailed(entry);
    },
  };
}

export function limitedActionLog<Log extends ActionLog>(log: Log): Log {
  return {
    ...log,
    async writeEach(entries) {
      const problems = entries.map((entry) => refusal(actionItem(entry, rowOptions.retentionDays)));
      await log.writeEach(entries.filter((_, i) => problems[i] === undefined));
      return problems;
    },
    async writeIfUnchanged(entry, revisionSeen) {
      const problem = refusal(actionItem(entry, rowOptions.retentionDays));
      if (problem) throw problem;
      return log.writeIfUnchanged(entry, revisionSeen);
    },
  };
}
