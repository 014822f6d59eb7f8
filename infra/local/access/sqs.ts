import { arn, deniedMessage, type ServiceAccess, textOf } from './permission.ts';

/**
 * SQS's requests: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
 * A batch needs the permission of its single request.
 */
export const sqs: ServiceAccess = {
  conditionKeys: [],

  permissionsOf(operation, { QueueUrl, QueueName, SourceArn }) {
    const action = `sqs:${operation.replace(/Batch$/, '')}`;
    const name = textOf(QueueName) ?? textOf(QueueUrl)?.split('/').at(-1);
    const resource = textOf(SourceArn) ?? (name === undefined ? '*' : arn('sqs', name));
    return [{ action, resource, conditions: {} }];
  },

  // SQS writes the action in small letters.
  refuse(call) {
    const permission = { ...call.permission, action: call.permission.action.toLowerCase() };
    return {
      status: 403,
      headers: { 'x-amzn-query-error': 'AccessDenied;Sender' },
      body: {
        __type: 'com.amazon.coral.service#AccessDeniedException',
        message: deniedMessage({ ...call, permission }),
      },
    };
  },
};
