import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { makeWorkflowRuns, runFromItem, runItemKey } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { audiencesContract } from '../contracts/audiences.ts';
import { claimStoreContract } from '../contracts/claim-store.ts';
import { directoryContract } from '../contracts/directory.ts';
import { rowLimitsContract } from '../contracts/row-limits.ts';
import { subscriptionsContract } from '../contracts/subscriptions.ts';
import { tableRequestsContract } from '../contracts/table-requests.ts';
import { workflowRunsContract } from '../contracts/workflow-runs.ts';
import type { TestTables } from '../support/dynalite.ts';
import { javaIsFound, startReferenceTables } from '../support/dynamodb-local.ts';

/* The contracts that the embedded tables keep, kept by Amazon's own: one start of it for each, since they share table names. */
const onReferenceTables = (name: string, contract: (tables: () => TestTables) => void) =>
  (javaIsFound() ? describe : describe.skip)(`${name} in Amazon's DynamoDB Local`, () => {
    let tables: TestTables;
    beforeAll(async () => {
      tables = await startReferenceTables();
    });
    afterAll(() => tables.stop());
    contract(() => tables);
  });

onReferenceTables('the claim store', (tables) =>
  claimStoreContract(() => makeClaimStore(tables().client, tables().names.Claims)),
);
onReferenceTables('the directory', (tables) =>
  directoryContract(() => makeDirectory(tables().client, tables().names.Directory)),
);
onReferenceTables('audiences', (tables) =>
  audiencesContract(() => makeAudiences(tables().client, tables().names.Directory)),
);
onReferenceTables('subscriptions', (tables) =>
  subscriptionsContract(() => makeSubscriptions(tables().client, tables().names.Directory)),
);
onReferenceTables('runs', (tables) =>
  workflowRunsContract(
    () => makeWorkflowRuns({ client: tables().client, table: tables().names.WorkflowRuns, retentionDays: 30 }),
    async (key) => {
      const request = { TableName: tables().names.WorkflowRuns, Key: runItemKey(key) };
      const { Item } = await tables().client.send(new GetCommand(request));
      return Item && runFromItem(Item);
    },
  ),
);
onReferenceTables('the largest rows', (tables) => rowLimitsContract(tables, { isLong: true }));
onReferenceTables('what a table refuses', (tables) => tableRequestsContract(tables, { isLocal: true }));
