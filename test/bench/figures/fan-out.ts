import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { runActions } from '../../../functions/workflow-trigger/run-actions.ts';
import { makeActionLog } from '../../../shared/adapters/dynamodb-action-log.ts';
import { makeDirectory } from '../../../shared/adapters/dynamodb-directory.ts';
import { makeSubscriptions } from '../../../shared/adapters/dynamodb-subscriptions.ts';
import { makeWorkflowRuns } from '../../../shared/adapters/dynamodb-workflow-runs.ts';
import type { Invocation } from '../../../shared/core/plan/actions-message.ts';
import { actionsMessage, actionsRecord, invocation } from '../../support/actions-message.ts';
import { startTables, type TestTables } from '../../support/dynalite.ts';
import { makeTrigger } from '../../support/workflow-trigger.ts';
import type { Figure, Section } from '../figure.ts';

const recipients = 1000;
const subscribers = 2000;

/** What one trigger for very many costs: through the real engine and adapters, into dynalite, with the `log` target. */
export const fanOut: Section = {
  name: 'fan-out',
  about: 'one trigger with a thousand recipients, and one for an object that thousands follow',
  async measure(say) {
    const tables = await startTables();
    try {
      const trigger = makeTrigger();
      const run = engineOver(tables, trigger);
      // The first calls of a process compile what the others use.
      await run(inline(10, 'warm'), '01KAJ6VY008M25RXK0Q4T9B7A0');
      say(`${recipients} recipients described inline`);
      const inlineSeconds = await run(inline(recipients, 'user'), '01KAJ6VY008M25RXK0Q4T9B7B0');
      say(`an object with ${subscribers} subscribers`);
      const object = { collection: 'projects', id: 'p1' };
      const named = (i: number) => Array.from({ length: 1000 }, (_, n) => ({ id: `follower-${i + n}` }));
      for (let i = 0; i < subscribers; i += 1000) {
        const subscribe = invocation(
          'objects_subscribe',
          's',
          { ...object, recipients: named(i) },
          `01KAJ6VY008M25RXK0Q4T9B7${i / 1000}0`,
        );
        await run([subscribe], `01KAJ6VY008M25RXK0Q4T9B7${i / 1000}0`);
      }
      const execution = '01KAJ6VY008M25RXK0Q4T9B7D0';
      const followed = [invocation('workflows_trigger', 'f', { key: 'log-it', recipients: [object] }, execution)];
      const fanOutSeconds = await run(followed, execution);
      say('one PutItem per run, sixteen at once, as the baseline');
      const putSeconds = await putOneByOne(tables);
      return figures(inlineSeconds, fanOutSeconds, putSeconds);
    } finally {
      await tables.stop();
    }
  },
};

function figures(inlineSeconds: number, fanOutSeconds: number, putSeconds: number): Figure[] {
  return [
    {
      name: `${recipients} inline recipients in one trigger`,
      measured: inlineSeconds,
      unit: 's',
      bound: { atMost: 15 },
      note: 'each is written to the directory first, on the condition that nobody else wrote it',
    },
    {
      name: 'fan-out to subscribers',
      measured: subscribers / fanOutSeconds,
      unit: 'runs/s',
      bound: { atLeast: 500 },
      baseline: { what: 'a PutItem per run and nothing else', measured: subscribers / putSeconds },
    },
  ];
}

function inline(count: number, prefix: string): Invocation[] {
  const described = Array.from({ length: count }, (_, i) => ({ id: `${prefix}-${i}`, name: `User ${i}` }));
  const execution = prefix === 'warm' ? '01KAJ6VY008M25RXK0Q4T9B7A0' : '01KAJ6VY008M25RXK0Q4T9B7B0';
  return [invocation('workflows_trigger', 'i', { key: 'log-it', recipients: described }, execution)];
}

/** Delivers one event's actions, and whatever they go on with, until nothing is pending. Answers the seconds it took. */
function engineOver({ client, names }: TestTables, trigger: ReturnType<typeof makeTrigger>) {
  const deps = {
    ...trigger.deps,
    actionLog: makeActionLog({ client, table: names.ActionLog, retentionDays: 30 }),
    directory: makeDirectory(client, names.Directory),
    subscriptions: makeSubscriptions(client, names.Directory),
    runs: makeWorkflowRuns({ client, table: names.WorkflowRuns, retentionDays: 30 }),
  };
  return async (invocations: Invocation[], execution: string): Promise<number> => {
    const startedMs = performance.now();
    let messages = [actionsMessage({ execution, invocations })];
    while (messages.length > 0) {
      const { batchItemFailures } = await runActions(
        messages.map((message) => actionsRecord(message)),
        deps,
        Date.now() + 1e9,
      );
      if (batchItemFailures.length > 0) throw new Error('a message came back');
      messages = trigger.actionsQueue.sent
        .splice(0)
        .map(({ delaySeconds: _delay, retryAtMs: _retryAtMs, ...message }) => message);
    }
    const row = await deps.actionLog.read(execution);
    const [action] = row?.actions ?? [];
    if (action?.status !== 'succeeded') throw new Error(`the action ended ${action?.status}: ${action?.detail}`);
    return (performance.now() - startedMs) / 1000;
  };
}

async function putOneByOne({ client, names }: TestTables): Promise<number> {
  const startedMs = performance.now();
  const rest = Array.from({ length: subscribers }, (_, i) => i);
  const put = async () => {
    for (let i = rest.pop(); i !== undefined; i = rest.pop()) {
      const Item = {
        pk: `baseline-${i}`,
        sk: 'run',
        workflow: 'log-it',
        status: 'handed_off',
        event_id: '01KAJ6VY008M25RXK0Q4T9B7D0',
      };
      await client.send(new PutCommand({ TableName: names.WorkflowRuns, Item }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, put));
  return (performance.now() - startedMs) / 1000;
}
