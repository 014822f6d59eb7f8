import { deniedMessage, type ServiceAccess } from './permission.ts';

/**
 * CloudWatch's metrics have no resources that a policy could name.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
 */
export const cloudWatch: ServiceAccess = {
  conditionKeys: [],

  permissionsOf: (operation) => [{ action: `cloudwatch:${operation}`, resource: '*', conditions: {} }],

  refuse: (call) => ({
    status: 403,
    headers: {},
    body: { __type: 'AccessDeniedException', message: deniedMessage(call) },
  }),
};
