import type { JsonObject } from '../../json/values.ts';
import type { Step } from '../guide.ts';

/* Steps that examples have in common: what has to have happened before them. */

export const track = (event: string, properties: JsonObject, userId: string | null = 'usr_8841'): JsonObject => ({
  type: 'track',
  event,
  ...(userId === null ? { anonymousId: 'a-5521' } : { userId }),
  properties,
});

export const identifyLena: Step = {
  mapping: {
    id: 'identify',
    event: 'identify',
    action: 'users_identify',
    parameters: { id: 'user_id', properties: 'data' },
  },
  event: {
    type: 'identify',
    userId: 'usr_8841',
    traits: { email: 'lena@orchard.example', phone: '+34910000001', plan: 'team', address: { city: 'Bilbao' } },
  },
};
export const identifyBuyer: Step = {
  mapping: identifyLena.mapping,
  event: { type: 'identify', userId: 'usr_9000', traits: { email: 'ivo@orchard.example' } },
};
export const saveProject: Step = {
  mapping: {
    id: 'save-project',
    event: 'track/project_saved',
    action: 'objects_set',
    parameters: {
      collection: { value: 'projects' },
      id: 'data.project_id',
      name: 'data.name',
      properties: { status: 'data.status', owner: 'user_id' },
    },
  },
  event: track('project_saved', { project_id: 'p-17', name: 'Cider press', status: 'open' }),
};
export const saveTenant: Step = {
  mapping: {
    id: 'save-workspace',
    event: 'track/workspace_saved',
    action: 'tenants_set',
    parameters: {
      id: 'data.workspace_id',
      name: 'data.name',
      settings: { branding: { primary_color: 'data.color' } },
    },
  },
  event: track('workspace_saved', { workspace_id: 'ws-3', name: 'Orchard', color: '#2a6f4e' }),
};
export const follow: Step = {
  mapping: {
    id: 'follow-project',
    event: 'track/project_followed',
    action: 'objects_subscribe',
    parameters: {
      collection: { value: 'projects' },
      id: 'data.project_id',
      recipients: 'data.followers',
      properties: { role: 'data.role' },
    },
  },
  event: track('project_followed', { project_id: 'p-17', followers: ['usr_8841', 'usr_9000'], role: 'reviewer' }),
};
export const join: Step = {
  mapping: {
    id: 'join-plan',
    event: 'track/plan_joined',
    action: 'audiences_add_member',
    parameters: { key: { template: 'plan-{{data.plan}}' }, user: 'user_id', tenant: 'data.workspace_id' },
  },
  event: track('plan_joined', { plan: 'team', workspace_id: 'ws-3' }),
};
export const remind: Step = {
  mapping: {
    id: 'remind',
    event: 'track/order_started',
    action: 'workflows_trigger',
    parameters: { key: 'order-reminder', cancellation_key: { template: 'order-{{data.order_id}}' } },
  },
  event: track('order_started', { order_id: '50314b8e' }),
};
