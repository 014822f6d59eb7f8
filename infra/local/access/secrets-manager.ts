import { arn, deniedMessage, type ServiceAccess, textOf } from './permission.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html */
export const secretsManager: ServiceAccess = {
  conditionKeys: [],

  permissionsOf(operation, { SecretId, Name }, { secretArn }) {
    const action = `secretsmanager:${operation}`;
    const id = textOf(SecretId) ?? (operation === 'CreateSecret' ? textOf(Name) : undefined);
    if (id === undefined) return [{ action, resource: '*', conditions: {} }];
    // The policies see the ARN, also of a secret that does not exist; the refusal repeats the request.
    const resource = secretArn(id) ?? (id.startsWith('arn:') ? id : arn('secretsmanager', `secret:${id}`));
    return [{ action, resource, resourceName: id, conditions: {} }];
  },

  refuse: (call) => ({
    status: 400,
    headers: {},
    body: { __type: 'AccessDeniedException', Message: deniedMessage(call) },
  }),
};
