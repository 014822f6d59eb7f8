import { arnOf, nameGiven, namesOf, type ResourceType } from './resource-type.ts';

export type QueueResource = { name: string; attributes: Record<string, string> };

export const queue: ResourceType<QueueResource, { queues: { ensure(definition: QueueResource): Promise<void> } }> = {
  type: 'AWS::SQS::Queue',
  names(resource, at) {
    const name = nameGiven('QueueName', resource);
    const url = at.queueUrl(name);
    return namesOf(url, { Arn: arnOf('sqs', name), QueueName: name, QueueUrl: url });
  },
  read(properties, names) {
    const { QueueName: _, Tags: __, ...attributes } = properties;
    return {
      name: names.attribute('QueueName') as string,
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [
          name,
          value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value),
        ]),
      ),
    };
  },
  start: (resource, { queues }) => queues.ensure(resource),
};
