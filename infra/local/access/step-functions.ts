import { deniedMessage, type ServiceAccess, textOf } from './permission.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html */
export const stepFunctions: ServiceAccess = {
  conditionKeys: [],

  permissionsOf(operation, { stateMachineArn, executionArn }) {
    const resource = textOf(stateMachineArn) ?? textOf(executionArn) ?? '*';
    return [{ action: `states:${operation}`, resource, conditions: {} }];
  },

  refuse: (call) => ({
    status: 400,
    headers: {},
    body: { __type: 'AccessDeniedException', message: deniedMessage(call) },
  }),
};
