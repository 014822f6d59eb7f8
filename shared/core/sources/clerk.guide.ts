import type { JsonObject } from '../json/values.ts';
import { afterAnyFault, type Sample, type SampleMaker, type SampleUser, type SourceGuide } from './guide.ts';

export const guide: SourceGuide = {
  category: 'Webhook',
  about:
    'Sends what happens to the users, organizations, sessions and subscriptions of an application that signs people in with Clerk.',
  setup: [
    "In Clerk's webhook settings, add an endpoint with the events that you want.",
    'Endpoint URL: {url}',
    'Copy the signing secret of the endpoint, with `whsec_`, and set it: `npx signalbox secrets set {key}`.',
    'A development instance and a production instance have endpoints and secrets of their own: use one for each environment.',
  ],
  secret: { from: 'vendor', where: 'the details of the endpoint, as its signing secret, which begins with `whsec_`' },
  eventType: {
    rule: 'The event type is `type` as sent.',
    examples: ['user.created', 'organization.updated', 'session.created'],
  },
  key: 'the header `svix-id` (`msg_…`), the same on every attempt',
  defaultMappings: [
    ...['created', 'updated'].map((what) => ({
      about:
        'Keeps the user current: primary email address, primary phone number and public metadata, never the private metadata.',
      mapping: {
        id: `user-${what}`,
        event: `user.${what}`,
        action: 'users_identify',
        parameters: {
          id: 'data.id',
          name: 'preprocess.full_name',
          email: 'preprocess.primary_email',
          phone_number: 'preprocess.primary_phone',
          avatar: 'data.image_url',
          properties: 'data.public_metadata',
        },
      },
    })),
    {
      about: 'Deletes the user with its subscriptions and memberships.',
      optional: true,
      mapping: {
        id: 'user-deleted',
        event: 'user.deleted',
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
        parameters: {
          id: 'data.id',
          name: 'data.name',
          properties: {
            slug: 'data.slug',
            image_url: 'data.image_url',
            public_metadata: 'data.public_metadata',
          },
        },
      },
    })),
    {
      about: 'Deletes the tenant.',
      mapping: {
        id: 'organization-deleted',
        event: 'organization.deleted',
        action: 'tenants_delete',
        parameters: { id: 'data.id' },
      },
    },
  ],
  behaviour: {
    timeout: 'Clerk waits 15 s for an answer.',
    retries:
      'It sends again after any answer but 2xx, redirects included: after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h, signed anew each time.',
    drops: 'It drops an event that failed eight times, and disables an endpoint that fails for 5 days.',
    retryHours: 27.6,
    sendsAgainAfter: afterAnyFault,
  },
  pitfalls: [
    'Events may arrive in any order, and an old one may come late.',
    'A deleted user or organization is `{ id, deleted: true }` and nothing else.',
    'A user who signed up with a phone has no email address. `preprocess.primary_email` is absent then.',
    'Users write `unsafe_metadata` themselves: trust nothing in it.',
    '`private_metadata` comes with users. To keep it out of the log, add `redact: [private_metadata]` to the source.',
    'The user of a billing event is its payer (`data.payer.user_id`). An organization that pays has none.',
  ],
  samples: {
    headers: { 'content-type': 'application/json', 'user-agent': 'Svix-Webhooks/1.24.0' },
    identify: (user, make) => sample('user.created', user, make, userData(user, make)),
    ofType(eventType, user, make) {
      switch (eventType) {
        case 'user.created':
        case 'user.updated':
          return sample(eventType, user, make, userData(user, make));
        case 'user.deleted':
          return sample(eventType, user, make, { id: user.id, object: 'user', deleted: true });
        case 'organization.created':
        case 'organization.updated':
          return sample(eventType, user, make, organization(user, make));
        case 'organization.deleted':
          return sample(eventType, user, make, { id: 'org_2example', object: 'organization', deleted: true });
        case 'organizationMembership.created':
          return sample(eventType, user, make, {
            object: 'organization_membership',
            id: `orgmem_${compact(make)}`,
            role: 'org:member',
            organization: organization(user, make),
            public_user_data: { user_id: user.id, identifier: user.email, first_name: user.name, last_name: null },
          });
        case 'session.created':
        case 'session.ended':
          return sample(eventType, user, make, {
            object: 'session',
            id: `sess_${compact(make)}`,
            user_id: user.id,
            status: eventType === 'session.created' ? 'active' : 'ended',
            created_at: make.nowMs,
            updated_at: make.nowMs,
          });
        default:
          return undefined;
      }
    },
    mix: [
      { eventType: 'user.updated', weight: 40 },
      { eventType: 'session.created', weight: 40 },
      { eventType: 'organization.updated', weight: 10 },
      { eventType: 'organizationMembership.created', weight: 10 },
    ],
  },
};

const compact = (make: SampleMaker) => make.uuid().replaceAll('-', '').slice(0, 27);

function sample(eventType: string, user: SampleUser, make: SampleMaker, data: JsonObject): Sample {
  const messageId = `msg_${compact(make)}`;
  const body = {
    data,
    event_attributes: { http_request: { client_ip: '203.0.113.7', user_agent: 'Mozilla/5.0' } },
    instance_id: 'ins_2example',
    object: 'event',
    timestamp: make.nowMs,
    type: eventType,
  };
  return { eventType, messageId, userId: user.id, body, headers: { 'svix-id': messageId } };
}

function userData(user: SampleUser, make: SampleMaker): JsonObject {
  const [first = user.name, last = null] = user.name.split(' ');
  const address = `idn_${compact(make)}`;
  return {
    object: 'user',
    id: user.id,
    first_name: first,
    last_name: last,
    username: null,
    email_addresses: [
      {
        object: 'email_address',
        id: address,
        email_address: user.email,
        verification: { status: 'verified', strategy: 'email_code' },
      },
    ],
    primary_email_address_id: address,
    phone_numbers: [],
    primary_phone_number_id: null,
    image_url: 'https://img.clerk.com/example',
    public_metadata: { plan: 'pro' },
    private_metadata: {},
    unsafe_metadata: {},
    external_id: null,
    created_at: make.nowMs,
    updated_at: make.nowMs,
  };
}

function organization(user: SampleUser, make: SampleMaker): JsonObject {
  return {
    object: 'organization',
    id: 'org_2example',
    name: 'Example Ltd',
    slug: 'example-ltd',
    image_url: 'https://img.clerk.com/example-org',
    created_by: user.id,
    public_metadata: { plan: 'team' },
    created_at: make.nowMs,
    updated_at: make.nowMs,
  };
}
