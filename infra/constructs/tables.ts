import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import {
  type IndexDefinition,
  type TableDefinition,
  type TableName,
  tableDefinitions,
} from '../../shared/adapters/table-definitions.ts';
import { defined } from '../../shared/core/defined.ts';
import type { PipelineEnvironment } from '../environments.ts';
import { keepLogicalId } from './logical-id.ts';

export type PipelineTable = {
  table: Table;
  /** Environment variable that tells a function the table's name. */
  variable: (typeof tableDefinitions)[TableName]['variable'];
};

/**
 * Every table of `table-definitions.ts`, under its name there. Physical names are CloudFormation's:
 * see the outputs.
 */
export class Tables extends Construct {
  readonly byName: Record<TableName, PipelineTable>;

  /** @param deletionProtection whether DynamoDB refuses to delete them */
  constructor(
    scope: Construct,
    id: string,
    environment: PipelineEnvironment,
    { deletionProtection }: { deletionProtection: boolean },
  ) {
    super(scope, id);
    const names = Object.keys(tableDefinitions) as TableName[];
    this.byName = Object.fromEntries(
      names.map((name) => [
        name,
        { table: this.#make(name, environment, deletionProtection), variable: tableDefinitions[name].variable },
      ]),
    ) as Record<TableName, PipelineTable>;
  }

  #make(name: TableName, { protectData, usersIndex }: PipelineEnvironment, deletionProtection: boolean): Table {
    const definition: TableDefinition = tableDefinitions[name];
    const table = new Table(this, name, {
      ...keySchema(definition),
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      ...defined({ timeToLiveAttribute: definition.timeToLive }),
      deletionProtection,
      // Kept, except when the deploy that made it rolls back: an empty table is of no use.
      removalPolicy: protectData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    for (const [indexName, index] of Object.entries(definition.indexes)) {
      if (name === 'EventLog' && indexName === 'users' && !usersIndex) continue;
      table.addGlobalSecondaryIndex({ indexName, ...keySchema(index), ...projectionOf(index) });
    }
    keepLogicalId(table, name);
    return table;
  }
}

function keySchema({ partitionKey, sortKey }: { partitionKey: string; sortKey: string }) {
  return {
    partitionKey: { name: partitionKey, type: AttributeType.STRING },
    sortKey: { name: sortKey, type: AttributeType.STRING },
  };
}

function projectionOf({ projection }: IndexDefinition) {
  return projection === 'KEYS_ONLY'
    ? { projectionType: ProjectionType.KEYS_ONLY }
    : { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...projection] };
}
