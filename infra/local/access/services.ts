import { cloudWatch } from './cloudwatch.ts';
import { dynamodb } from './dynamodb.ts';
import { eventBridge } from './event-bridge.ts';
import type { ServiceAccess } from './permission.ts';
import { secretsManager } from './secrets-manager.ts';
import { sqs } from './sqs.ts';
import { stepFunctions } from './step-functions.ts';

/** By the beginning of `X-Amz-Target`. */
export const services = new Map<string, ServiceAccess>([
  ['DynamoDB_20120810', dynamodb],
  ['AmazonSQS', sqs],
  ['secretsmanager', secretsManager],
  ['GraniteServiceVersion20100801', cloudWatch],
  // A local run has neither: tests check the calls of targets with these.
  ['AWSStepFunctions', stepFunctions],
  ['AWSEvents', eventBridge],
]);
