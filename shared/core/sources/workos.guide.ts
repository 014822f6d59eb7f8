import type { JsonObject } from '../json/values.ts';
import { afterAnyFault, type Sample, type SampleMaker, type SampleUser, type SourceGuide } from './guide.ts';

export const guide: SourceGuide = {
  category: 'Webhook',
  about: 'Sends what happens in the directories, connections and organizations of your customers.',
  setup: [
    "In WorkOS's webhook settings, add an endpoint with the events that you want.",
    'Endpoint URL: {url}',
    'Copy the secret from the details of the endpoint, and set it: `npx signalbox secrets set {key}`.',
    'Each environment of WorkOS has endpoints and secrets of its own.',
  ],
  secret: { from: 'vendor', where: 'the details of the endpoint' },
  eventType: {
    rule: 'The event type is `event` as sent.',
    examples: ['dsync.user.created', 'dsync.group.user_added', 'connection.activated'],
  },
  key: '`id` of the event (`event_…`)',
  defaultMappings: [
    ...['created', 'updated'].map((what) => ({
      about: 'Keeps the user of a directory current, with the custom attributes that the directory maps.',
      mapping: {
        id: `directory-user-${what}`,
        event: `dsync.user.${what}`,
        action: 'users_identify',
        parameters: {
          id: 'data.id',
          name: 'preprocess.full_name',
          email: 'preprocess.primary_email',
          properties: 'data.custom_attributes',
        },
      },
    })),
    {
      about: 'Deletes the user with its subscriptions and memberships.',
      optional: true,
      mapping: {
        id: 'directory-user-deleted',
        event: 'dsync.user.deleted',
        action: 'users_delete',
        parameters: { id: 'data.id' },
      },
    },
    ...['created', 'updated'].map((what) => ({
      about: 'Keeps the tenant current.',
      mapping: {
        id: `organization-${what}`,
        event: `organization.${what}`,
        action: 'tenants_set',
        parameters: { id: 'data.id', name: 'data.name' },
      },
    })),
  ],
  behaviour: {
    timeout: 'WorkOS does not publish how long it waits for an answer.',
    retries:
      'It sends again after any answer but 2xx: up to 12 times with growing pauses, over 3 days in production and for some minutes elsewhere.',
    drops: 'It drops an event that failed for that long.',
    retryHours: 72,
    sendsAgainAfter: afterAnyFault,
  },
  pitfalls: [
    'The user id is that of the directory user (`directory_user_…`), not the one that your application gave the person.',
    'A person who is switched off in the directory is updated with `state: inactive`, not deleted.',
    'Events may arrive in any order, and an old one may come late.',
    'WorkOS signs with one secret at a time. When you replace it, keep both values active here for a while: `npx signalbox secrets rotate {key}`.',
  ],
  samples: {
    headers: { 'content-type': 'application/json', 'user-agent': 'WorkOS-Webhooks' },
    identify: (user, make) => sample('dsync.user.created', user, make, directoryUser(user, make)),
    ofType(eventType, user, make) {
      switch (eventType) {
        case 'dsync.user.created':
        case 'dsync.user.updated':
        case 'dsync.user.deleted':
          return sample(eventType, user, make, directoryUser(user, make));
        case 'dsync.group.user_added':
        case 'dsync.group.user_removed':
          return sample(eventType, user, make, {
            directory_id: 'directory_01EXAMPLE',
            user: directoryUser(user, make),
            group: { object: 'directory_group', id: 'directory_group_01EXAMPLE', name: 'Developers' },
          });
        case 'organization.created':
        case 'organization.updated':
          return sample(eventType, user, make, {
            object: 'organization',
            id: 'org_01EXAMPLE',
            name: 'Example Ltd',
            ...times(make),
          });
        case 'connection.activated':
        case 'connection.deactivated':
          return sample(eventType, user, make, {
            object: 'connection',
            id: 'conn_01EXAMPLE',
            organization_id: 'org_01EXAMPLE',
            connection_type: 'OktaSAML',
            name: 'Example Ltd',
            state: eventType === 'connection.activated' ? 'active' : 'inactive',
            ...times(make),
          });
        default:
          return undefined;
      }
    },
    mix: [
      { eventType: 'dsync.user.updated', weight: 60 },
      { eventType: 'dsync.group.user_added', weight: 30 },
      { eventType: 'organization.updated', weight: 10 },
    ],
  },
};

const now = ({ nowMs }: SampleMaker) => new Date(nowMs).toISOString();
const times = (make: SampleMaker) => ({ created_at: now(make), updated_at: now(make) });

function sample(event: string, user: SampleUser, make: SampleMaker, data: JsonObject): Sample {
  const messageId = `event_${make.uuid().replaceAll('-', '').slice(0, 26).toUpperCase()}`;
  const body = { id: messageId, event, data, created_at: now(make), context: {} };
  return { eventType: event, messageId, userId: user.id, body };
}

function directoryUser(user: SampleUser, make: SampleMaker): JsonObject {
  const [first = user.name, last = null] = user.name.split(' ');
  return {
    object: 'directory_user',
    id: user.id,
    directory_id: 'directory_01EXAMPLE',
    organization_id: 'org_01EXAMPLE',
    idp_id: '8831',
    email: user.email,
    first_name: first,
    last_name: last,
    state: 'active',
    custom_attributes: { department: 'Operations' },
    raw_attributes: {},
    ...times(make),
  };
}
