import { dynamodb } from './dynamodb.ts';
import type { ServiceAccess } from './permission.ts';
import { secretsManager } from './secrets-manager.ts';
import { sqs } from './sqs.ts';

/** By the beginning of `X-Amz-Target`. */
export const services = new Map<string, ServiceAccess>([
  ['DynamoDB_20120810', dynamodb],
  ['AmazonSQS', sqs],
  ['secretsmanager', secretsManager],
]);
