import * as z from 'zod';
import type { TemplateObject } from '../template.ts';
import { arnOf, nameGiven, namesOf, type ResourceType } from './resource-type.ts';

export type TableResource = {
  name: string;
  /** The input of CreateTable. */
  definition: TemplateObject;
  /** Attribute with the epoch second after which an item may be deleted. */
  timeToLive: string | undefined;
};

const definitionProperties = [
  'AttributeDefinitions',
  'KeySchema',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
  'BillingMode',
  'ProvisionedThroughput',
];
const TimeToLive = z.object({ AttributeName: z.string(), Enabled: z.boolean() });

export const table: ResourceType<TableResource, { tables: { ensure(definition: TableResource): Promise<void> } }> = {
  type: 'AWS::DynamoDB::Table',
  names(resource) {
    const name = nameGiven('TableName', resource);
    return namesOf(name, { Arn: arnOf('dynamodb', `table/${name}`) });
  },
  read(properties, { ref: name }) {
    const kept = Object.entries(properties).filter(([property]) => definitionProperties.includes(property));
    const timeToLive = TimeToLive.optional().parse(properties.TimeToLiveSpecification);
    return {
      name,
      definition: { ...Object.fromEntries(kept), TableName: name },
      timeToLive: timeToLive?.Enabled ? timeToLive.AttributeName : undefined,
    };
  },
  start: (resource, { tables }) => tables.ensure(resource),
};
