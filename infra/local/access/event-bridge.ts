import { arn, deniedMessage, listOf, objectOf, type ServiceAccess, textOf } from './permission.ts';

/**
 * One request may be about several buses, and needs the permission for each.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
 */
export const eventBridge: ServiceAccess = {
  conditionKeys: [],

  permissionsOf(operation, { Entries }) {
    const buses = new Set(listOf(Entries).map((entry) => textOf(objectOf(entry).EventBusName) ?? 'default'));
    return [...buses].map((bus) => ({
      action: `events:${operation}`,
      resource: bus.startsWith('arn:') ? bus : arn('events', `event-bus/${bus}`),
      conditions: {},
    }));
  },

  refuse: (call) => ({
    status: 400,
    headers: {},
    body: { __type: 'AccessDeniedException', message: deniedMessage(call) },
  }),
};
