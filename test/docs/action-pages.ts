import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import * as z from 'zod';
import { type Attempt, runInvocations } from '../../functions/workflow-trigger/run-invocations.ts';
import type { Action } from '../../shared/core/actions/action.ts';
import { actions } from '../../shared/core/actions/index.ts';
import { AudienceKey, Members, Tenant } from '../../shared/core/actions/parts/member.ts';
import {
  Collection,
  EntityId,
  JsonMap,
  TenantId,
  TenantSettings,
  Text,
} from '../../shared/core/actions/parts/params.ts';
import { OptionalRecipient, OptionalTenant, Recipients } from '../../shared/core/actions/parts/recipient.ts';
import { AudienceFile } from '../../shared/core/configuration/schema.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import type { ActionReason } from '../../shared/core/logs/action-log-entry.ts';
import { defaultParameters } from '../../shared/core/mappings/action-facts.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { actionsMessageOf } from '../../shared/core/plan/actions-of.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { type ActionRow, actionRow } from '../../shared/operations/actions/action-row.ts';
import { liveConfiguration, rawEvent } from '../support/build.ts';
import { makeActionContext } from '../support/fakes-workflow-trigger.ts';
import { silentLog } from '../support/function-log.ts';

/*
 * The pages of docs/actions: what is said of each action by hand, and everything else from the code. Parameters come from
 * the schemas, outcomes from running the example, costs from the tests that assert them. `npm run docs` writes the pages;
 * action-pages.test.ts fails while they differ.
 */

/** One event and the mapping that is for it. Received a minute after the one before, having happened a second earlier. */
type Step = { mapping: z.input<typeof Mapping>; event: JsonObject };

type Prose = {
  /** For the index: a sentence without its full stop. */
  does: string;
  paragraph: string;
  /** What has happened by then. */
  before?: Step[];
  example: Step;
  /** Said above the example's outcome, where it needs saying. */
  shows?: string;
  /** An event that the same mapping refuses. */
  refused: { why: string; event: JsonObject };
  /** Besides those that any action can end with. */
  reasons: Partial<Record<ActionReason, string>>;
  notes: string[];
};

const track = (event: string, properties: JsonObject, userId: string | null = 'usr_8841'): JsonObject => ({
  type: 'track',
  event,
  ...(userId === null ? { anonymousId: 'a-5521' } : { userId }),
  properties,
});

const identifyLena: Step = {
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
const saveProject: Step = {
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
const saveTenant: Step = {
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
const follow: Step = {
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
const join: Step = {
  mapping: {
    id: 'join-plan',
    event: 'track/plan_joined',
    action: 'audiences_add_member',
    parameters: { key: { template: 'plan-{{data.plan}}' }, user: 'user_id', tenant: 'data.workspace_id' },
  },
  event: track('plan_joined', { plan: 'team', workspace_id: 'ws-3' }),
};
const remind: Step = {
  mapping: {
    id: 'remind',
    event: 'track/order_started',
    action: 'workflows_trigger',
    parameters: { key: 'order-reminder', cancellation_key: { template: 'order-{{data.order_id}}' } },
  },
  event: track('order_started', { order_id: '50314b8e' }),
};

const missing = (names: string) => `${names} resolved to nothing: missing, null, empty text or an empty list`;
const deleteNotes = [
  'First the entity, then what hangs on it, page by page; an attempt that dies or runs out of time is made again.',
  'Deleting what is not there succeeds with `deleted: false`, and is remembered for 90 days all the same: a late event from before it brings nothing back.',
  'What happened after the delete stays, also when it arrived first: an entity that was described again keeps that, and its runs.',
  'Besides `deleted`, `result` has `subscriptions`, `memberships` and `runs_cancelled` where there were any. A run that was handed off is cancelled where its target can take it back; while a target that has to be told is away, the action waits as `table_unavailable`.',
];
const setNotes = (fields: string, identity: string) => [
  `\`properties\` may name the entity's own fields (${fields}); a parameter given by itself wins over them. One of them with a value of the wrong type is left out, with the warning \`property_ignored\`; ${identity}, \`updated_at\` and \`__typename\` are passed over; everything else in \`properties\` is a custom property.`,
  'Maps are merged key by key at every depth; lists and scalars are replaced; `null` inside `properties` is a value, and nothing is ever removed. `channel_data` is merged by channel, each channel’s data replaced whole.',
  'Source time decides per top-level property: an event that happened earlier and arrives late only adds what is not there yet, and says so with the warning `older_than_stored`. After a later delete it does nothing, with the warning `deleted_later`.',
  'All attributes together have at most 256 KB as JSON, and each nests at most 30 levels deep.',
];
const inlineNote =
  'Whoever is described inline (a map with an `id`) is written to the directory first, with the merge rules of [users_identify](users-identify.md) and [objects_set](objects-set.md).';
const targetReasons = {
  target_unavailable:
    'the target could not be reached or answered 5xx, or is left alone for now since it keeps failing',
  target_timeout: 'the target did not answer in time',
  target_busy: 'the target asked to be called less',
  secret_missing: 'the target needs a secret that is not set',
} as const;

export const prose: Record<string, Prose> = {
  users_identify: {
    does: 'creates or updates one user',
    paragraph:
      'Creates or updates one user. What is sent is merged into what is there. Traits in `properties` that are fields of a user (`email`, `phone`) become those fields; parameters given one by one win over them.',
    example: identifyLena,
    refused: {
      why: 'An event of somebody anonymous has no user id:',
      event: { type: 'identify', anonymousId: 'a-5521', traits: { plan: 'team' } },
    },
    reasons: {
      required_field_missing: missing('`id`'),
      invalid_params:
        'a parameter has the wrong type, `id` cannot be an id, or the properties nest too deep or are too large',
    },
    notes: [
      ...setNotes(
        '`name`, `email`, `avatar`, `phone_number`, `timezone`, `locale`, `created_at`, `preferences`, `channel_data`',
        '`id`, `userId`',
      ),
      'A malformed e-mail address, phone number or date-time and an unknown time zone are stored as given, with a warning (`email_malformed`, `phone_number_malformed`, `created_at_malformed`, `timezone_unknown`).',
      'A source’s switch `identify` decides whether events of type `identify` run anything at all.',
    ],
  },
  users_delete: {
    does: 'deletes one user with everything that hangs on it',
    paragraph:
      'Deletes one user with its subscriptions and memberships, and cancels its runs that are not over. The id may be used again and inherits nothing.',
    before: [identifyLena, saveProject, follow],
    example: {
      mapping: {
        id: 'delete-account',
        event: 'track/account_deleted',
        action: 'users_delete',
        parameters: { id: 'user_id' },
      },
      event: track('account_deleted', {}),
    },
    shows: 'The user was known and followed a project:',
    refused: { why: 'Without a user id there is nobody to delete:', event: track('account_deleted', {}, null) },
    reasons: {
      required_field_missing: missing('`id`'),
      invalid_params: '`id` is no text, or cannot be an id',
      continues: 'more hangs on the user than one attempt has time for; the next goes on',
    },
    notes: [...deleteNotes, 'The log of runs that are over stays for its retention.'],
  },
  objects_set: {
    does: 'creates or updates one object',
    paragraph:
      'Creates or updates one object of a collection; the collection needs no making. In collection `$tenants` the object is a tenant.',
    example: saveProject,
    refused: {
      why: 'An id must not contain `/`:',
      event: track('project_saved', { project_id: 'orchard/p-17', name: 'Cider press' }),
    },
    reasons: {
      required_field_missing: missing('`collection` or `id`'),
      invalid_params:
        'a parameter has the wrong type, `collection` or `id` cannot name an object, or the properties nest too deep or are too large',
    },
    notes: [
      ...setNotes('`name`, `timezone`, `locale`, `created_at`, `preferences`, `channel_data`', '`id`, `collection`'),
      'Collections that start with `$` are reserved: `$tenants` is the one for tenants, whose ids have no whitespace, and `$users` is refused.',
    ],
  },
  objects_delete: {
    does: 'deletes one object with its subscribers',
    paragraph:
      'Deletes one object with its subscribers and its own subscriptions, and cancels its runs that are not over.',
    before: [identifyLena, saveProject, follow],
    example: {
      mapping: {
        id: 'delete-project',
        event: 'track/project_deleted',
        action: 'objects_delete',
        parameters: { collection: { value: 'projects' }, id: 'data.project_id' },
      },
      event: track('project_deleted', { project_id: 'p-17' }),
    },
    shows: 'The project had one follower:',
    refused: { why: 'The event does not say which project:', event: track('project_deleted', {}) },
    reasons: {
      required_field_missing: missing('`collection` or `id`'),
      invalid_params: '`collection` or `id` cannot name an object',
      continues: 'more hangs on the object than one attempt has time for; the next goes on',
    },
    notes: deleteNotes,
  },
  tenants_set: {
    does: 'creates or updates one tenant',
    paragraph:
      'Creates or updates one tenant, which is the object `$tenants/<id>`: it can be subscribed to and be a recipient like any other.',
    example: saveTenant,
    refused: {
      why: 'A tenant’s id has no whitespace:',
      event: track('workspace_saved', { workspace_id: 'ws 3', name: 'Orchard' }),
    },
    reasons: {
      required_field_missing: missing('`id`'),
      invalid_params:
        'a parameter has the wrong type, `id` cannot be a tenant’s, or the properties nest too deep or are too large',
    },
    notes: [
      ...setNotes('`name`, `created_at`, `settings`, `preferences`, `channel_data`', '`id`, `collection`'),
      '`settings.preference_set` is merged unless its `__persistence_strategy__` says `replace`; that key is not stored. Any word but `merge` and `replace` merges, with the warning `persistence_strategy_unknown`.',
      'A color of `settings.branding` that is not hexadecimal is stored as given, with the warning `color_malformed`.',
    ],
  },
  tenants_delete: {
    does: 'deletes one tenant',
    paragraph:
      'Deletes one tenant with its subscribers and its own subscriptions, and cancels the runs of which it is the recipient. Rows of audiences that carry its id stay, since they belong to the audience.',
    before: [saveTenant],
    example: {
      mapping: {
        id: 'delete-workspace',
        event: 'track/workspace_deleted',
        action: 'tenants_delete',
        parameters: { id: 'data.workspace_id' },
      },
      event: track('workspace_deleted', { workspace_id: 'ws-3' }),
    },
    refused: { why: 'The event does not say which tenant:', event: track('workspace_deleted', { workspace_id: null }) },
    reasons: {
      required_field_missing: missing('`id`'),
      invalid_params: '`id` is no text, or cannot be a tenant’s',
      continues: 'more hangs on the tenant than one attempt has time for; the next goes on',
    },
    notes: deleteNotes,
  },
  objects_subscribe: {
    does: 'adds subscribers to an object',
    paragraph:
      'Adds subscribers to an object, with `properties` on each subscription. Users and objects can subscribe. A trigger that names the object as recipient reaches them all.',
    before: [identifyLena, saveProject],
    example: follow,
    shows: 'One follower is known, the other has never been identified:',
    refused: {
      why: 'An empty list is nothing:',
      event: track('project_followed', { project_id: 'p-17', followers: [] }),
    },
    reasons: {
      required_field_missing: missing('`collection`, `id` or `recipients`'),
      invalid_params:
        'a parameter has the wrong type, an id cannot be one (the field says which recipient), or `properties` nest too deep or are too large',
      continues: 'there are more recipients than one attempt has time for; the next goes on',
    },
    notes: [
      inlineNote,
      'An id alone that nobody has identified is rejected by name (`rejected`, warning `recipient_missing`), and the others go through. Where the order of arrival is not certain, describe the recipient inline: `{ id: … }` is enough.',
      'An object that is not there is made with nothing in it, with the warning `object_missing`.',
      'Any number of recipients; they are worked through 100 at a time. `rejected` names at most 100.',
      'Of asking and taking back, the later by source time wins; of two at one moment the taking back. One that came too late is counted in the warning `older_than_stored`. To a recipient or object that a later event deleted nothing is added.',
    ],
  },
  objects_unsubscribe: {
    does: 'removes subscribers from an object',
    paragraph:
      'Removes subscribers from an object. Recipients are references only, whatever else is said of them. Recipients and object stay.',
    before: [identifyLena, saveProject, follow],
    example: {
      mapping: {
        id: 'unfollow-project',
        event: 'track/project_unfollowed',
        action: 'objects_unsubscribe',
        parameters: { collection: { value: 'projects' }, id: 'data.project_id', recipients: 'user_id' },
      },
      event: track('project_unfollowed', { project_id: 'p-17' }),
    },
    refused: {
      why: 'Nobody is named:',
      event: track('project_unfollowed', { project_id: 'p-17' }, null),
    },
    reasons: {
      required_field_missing: missing('`collection`, `id` or `recipients`'),
      invalid_params: 'a parameter has the wrong type, or an id cannot be one',
      continues: 'there are more recipients than one attempt has time for; the next goes on',
    },
    notes: [
      'Who is not subscribed is passed over, but remembered: a subscription that happened earlier and arrives late does not come about. The mark is kept for 90 days.',
      'Any number of recipients, 100 at a time; `recipients` in the result names at most 100 of those removed.',
    ],
  },
  audiences_add_member: {
    does: 'adds users to an audience, and starts the workflows that greet them',
    paragraph:
      'Adds users to an audience: with a tenant, or without one. Who is in already stays as added. Workflows that name the audience in `audience` of their file start for whoever is new.',
    before: [identifyLena],
    example: join,
    shows: 'The audience `plan-team` has a file, and workflow `welcome` names it:',
    refused: {
      why: 'There is no audience `plan-free`, and the mapping does not ask for it to be made:',
      event: track('plan_joined', { plan: 'free' }),
    },
    reasons: {
      required_field_missing: `${missing('`key`')}; or neither \`members\` nor \`user\` names anybody`,
      invalid_params: 'a parameter has the wrong type, `key` cannot be an audience’s, or a member cannot be read',
      audience_missing: 'there is no such audience, and `create_audience` is not true',
      continues: 'there are more members, or runs to start, than one attempt has time for; the next goes on',
      delayed: 'members are in; the runs of a workflow with a `delay` are yet to begin',
      ...targetReasons,
    },
    notes: [
      'A user is in once per tenant, and once without: two tenants are two rows, and two runs of a workflow that greets members.',
      'A user described with more than an id is written to the directory first. An id alone that nobody has identified is a member all the same, missing until identified (`missing_users`, warning `user_missing`), and gets no run, also later.',
      'The data of a run that greets a member is the event’s. Removing starts nothing, and who is in already starts nothing. Workflows that are switched off or have no target in the environment start nothing.',
      'Any number of members, 1000 at a time. Of adding and removing, the later by source time wins (`older_than_stored`); whoever a later event deleted is not added (`deleted_later`).',
    ],
  },
  audiences_remove_member: {
    does: 'removes users from an audience',
    paragraph:
      'Removes users from an audience. Without a tenant only the row without one goes, since a user is in once per tenant.',
    before: [identifyLena, join],
    example: {
      mapping: {
        id: 'leave-plan',
        event: 'track/plan_left',
        action: 'audiences_remove_member',
        parameters: { key: { template: 'plan-{{data.plan}}' }, user: 'user_id', tenant: 'data.workspace_id' },
      },
      event: track('plan_left', { plan: 'team', workspace_id: 'ws-3' }),
    },
    refused: {
      why: 'Keys of audiences have no capital letters:',
      event: track('plan_left', { plan: 'Team', workspace_id: 'ws-3' }),
    },
    reasons: {
      required_field_missing: `${missing('`key`')}; or neither \`members\` nor \`user\` names anybody`,
      invalid_params: 'a parameter has the wrong type, `key` cannot be an audience’s, or a member cannot be read',
      continues: 'there are more members than one attempt has time for; the next goes on',
    },
    notes: [
      'Who is not in, and an audience that is not there, are no trouble: `removed: 0`. The removal is remembered for 90 days, so that an addition that happened earlier and arrives late does not come about.',
      'Any number of members, 1000 at a time.',
    ],
  },
  workflows_cancel: {
    does: 'cancels unfinished runs by workflow and cancellation key',
    paragraph:
      'Cancels the unfinished runs of a workflow that were started with a cancellation key: all of them, or those of some recipients, however these were reached.',
    before: [identifyLena, remind],
    example: {
      mapping: {
        id: 'cancel-reminder',
        event: 'track/order_completed',
        action: 'workflows_cancel',
        parameters: { key: 'order-reminder', cancellation_key: { template: 'order-{{data.order_id}}' } },
      },
      event: track('order_completed', { order_id: '50314b8e' }),
    },
    shows: 'A reminder was waiting for the delay of its workflow:',
    refused: {
      why: 'A template with a path that leads nowhere resolves to nothing:',
      event: track('order_completed', { total: 27.5 }),
    },
    reasons: {
      required_field_missing: missing('`key` or `cancellation_key`'),
      invalid_params: 'a parameter has the wrong type, or a recipient’s id cannot be one',
      continues: 'there are more runs than one attempt has time for; the next goes on',
      ...targetReasons,
    },
    notes: [
      'Only runs whose event was received before this one are touched, those also whose trigger has yet to run: a mark stays behind for it, for 14 days. A run of a later event, or of the same, is never cancelled.',
      'A pending run is cancelled by its row. One that was handed off is cancelled by telling its target, where that can be told ([targets](../targets.md)); otherwise it counts in `too_late`.',
      'Recipients are references: nothing is written about them. Finding nothing succeeds with `cancelled: 0`.',
    ],
  },
  workflows_trigger: {
    does: 'starts a workflow: one run for each recipient',
    paragraph:
      'Starts a workflow: one run per recipient, under one id. An object is a recipient itself and stands for its subscribers, two levels deep. Each gets one run however often it comes up.',
    before: [identifyLena],
    example: {
      mapping: {
        id: 'order-completed',
        event: 'track/order_completed',
        action: 'workflows_trigger',
        parameters: {
          key: 'order-completed',
          recipients: ['user_id', 'data.buyer_id'],
          data: { order_id: 'data.order_id', total: 'data.total' },
          cancellation_key: { template: 'order-{{data.order_id}}' },
        },
        when: [{ path: 'data.total', gt: 0 }],
      },
      event: track('order_completed', { order_id: '50314b8e', total: 27.5, buyer_id: 'usr_9000' }),
    },
    shows: 'One recipient is known, the other has never been identified:',
    refused: { why: 'Nobody is named:', event: track('order_completed', { order_id: '50314b8e', total: 27.5 }, null) },
    reasons: {
      required_field_missing: missing('`key` or `recipients`'),
      invalid_params: 'a parameter has the wrong type, or somebody named cannot be read',
      workflow_missing: 'the environment has no such workflow',
      workflow_inactive: 'the workflow is switched off; runs that waited for its delay are cancelled',
      target_missing: 'the workflow has no target for the environment',
      actor_missing: '`actor` is an id that nobody has identified, or was deleted by a later event',
      too_many_recipients: 'more than 1000 are listed; subscribers do not count',
      data_invalid: '`data` does not match the `data_schema` of the workflow; no run begins',
      target_refused: 'the target refused one run or more for good; the others have begun (`runs`, `refused`)',
      continues: 'there are more recipients than one attempt has time for; the next goes on',
      delayed: 'runs are written and wait for the `delay` of the workflow; it holds up no other action',
      ...targetReasons,
    },
    notes: [
      `${inlineNote} \`$trigger_data\` in such a map is for that recipient’s run only, over \`data\`, and is not stored with the recipient.`,
      'An id alone that nobody has identified gets no run and the warning `recipient_missing`; the others do. With none left the trigger succeeds with `runs: 0`.',
      'Being listed counts before being a subscriber; among subscriptions the first object listed counts, then who subscribed first. The actor gets no run for being a subscriber, but does when listed. Subscribers have no limit.',
      'A run’s id comes from execution, mapping and recipient: redelivery, replay and resend start nothing twice.',
      'A `delay` is counted from when the event was received. What each type of target does with a run: [targets](../targets.md).',
    ],
  },
};

type ReasonOfAll = { status: 'skipped' | 'failed' | 'pending'; when: string };

/** What any action can end with; `action_unknown` is that of a mapping which names none. */
export const commonReasons = {
  parameters_too_large: {
    status: 'failed',
    when: 'with these parameters the event’s message is over 300 KB compressed',
  },
  action_unknown: { status: 'failed', when: 'the mapping names an action that there is not' },
  retries_exhausted: { status: 'failed', when: 'what was pending is given up, after 24 hours or 120 attempts' },
  dead_lettered: { status: 'failed', when: 'ten deliveries of the message failed; it can be replayed' },
  table_unavailable: { status: 'pending', when: 'a table was throttled or away' },
  waiting_for_earlier_action: { status: 'pending', when: 'an action of an earlier type of this event is pending' },
} satisfies Partial<Record<ActionReason, ReasonOfAll>>;

/** How an action stands that gives a reason of its own. */
const statusOf = {
  required_field_missing: 'skipped',
  invalid_params: 'failed',
  workflow_missing: 'failed',
  workflow_inactive: 'failed',
  target_missing: 'failed',
  actor_missing: 'failed',
  audience_missing: 'failed',
  too_many_recipients: 'failed',
  data_invalid: 'failed',
  target_refused: 'failed',
  target_unavailable: 'pending',
  target_timeout: 'pending',
  target_busy: 'pending',
  secret_missing: 'pending',
  continues: 'pending',
  delayed: 'pending',
} as const satisfies Record<Exclude<ActionReason, keyof typeof commonReasons>, ReasonOfAll['status']>;

type ParameterType = { name: string; says: string };

/** Schemas that actions share, in words; each is known by being the very same object. */
const types = new Map<z.core.$ZodType, ParameterType>([
  [Text, { name: 'text', says: 'Text; a number becomes its digits.' }],
  [EntityId, { name: 'id', says: 'Text of 1 to 256 characters without `/` and `#`; a number becomes its digits.' }],
  [TenantId, { name: 'tenant id', says: 'An id without whitespace.' }],
  [Collection, { name: 'collection', says: 'As an id. Of those that start with `$` only `$tenants` is one.' }],
  [
    AudienceKey,
    { name: 'audience key', says: '1 to 255 lower-case letters, digits, `-` or `_`, a letter or digit first.' },
  ],
  [JsonMap, { name: 'map', says: 'A map, or its JSON as text.' }],
  [TenantSettings, { name: 'tenant settings', says: 'A map with `branding` and `preference_set`, which are maps.' }],
  [
    Recipients,
    {
      name: 'recipients',
      says: 'One recipient or a list of them, or the JSON of either as text. Entries that are nothing are dropped.',
    },
  ],
  [
    OptionalRecipient,
    {
      name: 'recipient',
      says: 'A user’s id; `{ id, …properties }`, a user described inline; `{ collection, id, …properties }`, an object; `{ collection: $users, id }`, an id alone.',
    },
  ],
  [
    OptionalTenant,
    { name: 'tenant', says: 'A tenant’s id, or `{ id, …properties }`; either way it is made if need be.' },
  ],
  [
    Members,
    {
      name: 'members',
      says: 'One member or a list of them: a user’s id; `{ user, tenant }`, where `user` is an id or a map; or the user as a map, `{ user_id, … }` or `{ id, … }`.',
    },
  ],
  [Tenant, { name: 'tenant of a member', says: 'A tenant’s id, or a map with its `id`; nothing is none.' }],
]);

/** @throws Error for a schema that has no words yet */
export function typeName(schema: z.core.$ZodType): string {
  const known = types.get(schema);
  if (known) return `[${known.name}](../actions.md#types)`;
  // A description makes a copy of the schema that it describes.
  if (schema._zod.parent) return typeName(schema._zod.parent);
  if (schema instanceof z.ZodOptional) return typeName(schema.unwrap());
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape as Record<string, z.core.$ZodType>);
    return `map of ${fields.map(([name, inner]) => `\`${name}\` (${typeName(inner)})`).join(' and ')}`;
  }
  throw new Error('a parameter has a schema that no type is named for');
}

const root = new URL('../../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');
export const fileOf = (id: string) => `${id.replaceAll('_', '-')}.md`;

export type Cost = { what: string; writes: string; reads?: string };

/** What the tests assert that one call asks of the tables. */
export function costsOf(id: string): { from: string; costs: Cost[] } {
  if (id === 'workflows_cancel') {
    // Nothing but the architecture says it, so the sentence has to be there.
    const sentence = 'a cancel costs one write and a Query';
    if (!textOf('docs/protocols/runs.md').replaceAll(/\s+/g, ' ').includes(sentence)) throw new Error(sentence);
    return { from: '[runs](../protocols/runs.md#cancelling)', costs: [] };
  }
  if (id === 'workflows_trigger') {
    const from = 'test/functions/workflow-trigger-costs.test.ts';
    const titles = [...textOf(from).matchAll(/test\('(a trigger [^':]+): ([^']+)'/g)];
    return {
      from,
      costs: titles.map(([, what = '', writes = '']) => ({ what, writes: writes.replace(/ each$/, '') })),
    };
  }
  const from = 'test/adapters/directory-writes.test.ts';
  const rows = textOf(from).matchAll(/^ {2}\['([^']+)', '(\w+)', .*, (\d+), (\d+)\],$/gm);
  const own = [...rows].filter(([, , action]) => action === id);
  return { from, costs: own.map(([, what = '', , writes = '', reads = '']) => ({ what, writes, reads })) };
}

const startMs = Date.parse('2026-05-04T08:15:31.402Z');
const entropy = new Uint8Array(12);

const workflows = {
  'order-completed': { name: 'Order completed', target: { production: { type: 'log' } } },
  'order-reminder': { name: 'Order reminder', target: { production: { type: 'log' } }, delay: '2h' },
  welcome: { name: 'Welcome', target: { production: { type: 'log' } }, audience: 'plan-team' },
};

/** Runs events one after the other over ports in memory; answers what the log shows of the last one's action. */
export async function outcomeOf(steps: Step[]): Promise<ActionRow> {
  const { context } = makeActionContext();
  let row: ActionRow | undefined;
  for (const [i, { mapping, event }] of steps.entries()) {
    const nowMs = startMs + i * 60_000;
    const file = { mappings: [Mapping.parse(mapping)] };
    const live = liveConfiguration({ file, workflows });
    const audiences = { 'plan-team': AudienceFile.parse({ name: 'Plan: team' }) };
    const configuration = { ...live, snapshot: { ...live.snapshot, audiences } };
    const id = makeEventId('rudderstack', 0, nowMs, entropy);
    const body = { ...event, messageId: `msg-${i}`, timestamp: new Date(nowMs - 1000).toISOString() };
    const planned = planEvent(rawEvent(body, { id }), configuration);
    const message = actionsMessageOf(planned, { execution: id, again: false, nowMs });
    const attempt: Attempt = {
      message,
      open: message.invocations,
      before: new Map(),
      again: false,
      isSeen: false,
      isLast: false,
    };
    const ports = {
      ...context,
      configuration,
      environment: 'production',
      nowMs: () => nowMs,
      deadlineMs: nowMs + 50_000,
      count: () => undefined,
      log: silentLog,
    };
    const [tried] = await runInvocations(attempt, ports);
    if (tried === undefined) throw new Error(`mapping ${mapping.id} ran nothing`);
    const log = {
      execution: message.execution,
      eventId: message.eventId,
      source: message.source,
      eventType: message.eventType,
      configVersion: message.configVersion,
      actions: [tried.outcome],
      next: 0,
      origins: [message.origin],
      revision: 1,
      receivedAtMs: message.receivedAtMs,
      updatedAtMs: nowMs,
    };
    row = actionRow(log, tried.outcome);
    const isBefore = i < steps.length - 1;
    if (isBefore && row.status !== 'succeeded' && row.reason !== 'delayed')
      throw new Error(`${mapping.id}: ${row.detail}`);
  }
  if (row === undefined) throw new Error('there was nothing to run');
  return row;
}

export const exampleOf = ({ before = [], example }: Prose) => outcomeOf([...before, example]);
export const refusalOf = ({ before = [], example, refused }: Prose) =>
  outcomeOf([...before, { mapping: example.mapping, event: refused.event }]);

/** Every page by its path within docs. */
export async function actionPages(): Promise<Map<string, string>> {
  const pages = new Map([['actions.md', indexPage()]]);
  for (const action of actions) pages.set(`actions/${fileOf(action.id)}`, await actionPage(action));
  return pages;
}

function proseOf(id: string): Prose {
  const found = prose[id];
  if (found === undefined) throw new Error(`nothing is said of ${id}`);
  return found;
}

async function actionPage(action: Action): Promise<string> {
  const { id } = action;
  const about = proseOf(id);
  const { action: name, status, reason, detail, result, payload } = await refusalOf(about);
  return joined([
    `# ${id}`,
    wrap(about.paragraph),
    wrap(
      `Number ${actions.indexOf(action) + 1} of ${actions.length} in the [order in which the actions of one event run](../actions.md).`,
    ),
    '## Parameters',
    table(['Parameter', 'Type', 'Required', 'What it is'], parametersOf(action)),
    '## Example',
    fence('yaml', stringify({ mappings: [about.example.mapping] }, { lineWidth: 0 })),
    'With this event of RudderStack:',
    fence('json', json(about.example.event)),
    wrap(`${about.shows ? `${about.shows.slice(0, -1)}. ` : ''}The action log shows:`),
    fence('json', json(await exampleOf(about))),
    '## A refusal',
    wrap(about.refused.why),
    fence('json', json(about.refused.event)),
    fence('json', json({ action: name, status, reason, detail, result, payload })),
    '## Reasons',
    table(['Status', 'Reason', 'When'], reasonsOf(about)),
    wrap('And those that [any action](../actions.md#reasons-of-every-action) can end with.'),
    '## What it costs',
    costSection(id),
    '## Notes',
    bullets(about.notes),
  ]);
}

function parametersOf({ id, params }: Action): string[][] {
  return Object.entries(params.shape as Record<string, z.ZodType>).map(([name, schema]) => {
    const byDefault = defaultParameters(id)[name];
    const required = schema.isOptional() ? 'no' : byDefault === undefined ? 'yes' : `yes; default \`${byDefault}\``;
    return [`\`${name}\``, typeName(schema), required, schema.description ?? ''];
  });
}

function reasonsOf({ reasons }: Prose): string[][] {
  const entries = Object.entries(reasons) as [keyof typeof statusOf, string][];
  return entries.map(([reason, when]) => [statusOf[reason], `\`${reason}\``, when]);
}

function costSection(id: string): string {
  const { from, costs } = costsOf(id);
  if (id === 'workflows_cancel') {
    const first = `One write and a Query, as ${from} has it: the mark, and the look-up.`;
    return wrap(
      `${first} Where recipients are named there is a mark for each; each run that is cancelled is a write more.`,
    );
  }
  const asserted = `As asserted in \`${from}\``;
  if (id === 'workflows_trigger') {
    const more = 'A cancellation key costs one Query more ([runs](../protocols/runs.md#cancelling)).';
    const rows = costs.map(({ what, writes }) => [what, writes]);
    return `${wrap(`${asserted}, for one recipient:`)}\n\n${table(['Case', 'Write units'], rows)}\n\n${wrap(more)}`;
  }
  const rows = costs.map(({ what, writes, reads = '' }) => [what, writes, reads]);
  const how = `${asserted}, in this order, for items of 1 KB at most; what index \`list\` adds is [said once](../actions.md#what-actions-cost):`;
  return `${wrap(how)}\n\n${table(['Case', 'Write units', 'Read calls'], rows)}`;
}

function indexPage(): string {
  const rows = actions.map(({ id }, i) => [`${i + 1}`, `[\`${id}\`](actions/${fileOf(id)})`, proseOf(id).does]);
  return joined([
    '# Actions',
    wrap(
      'An action is what a [mapping](mappings.md) runs for an event. There are these, and the actions of one event run in this order, whatever the order of the mappings; those of one type run at the same time. One that failed or was skipped holds up nobody; while one is pending, later types wait for it, unless it only waits for a `delay`.',
    ),
    table(['', 'Action', 'What it does'], rows),
    wrap(
      'Each page shows a mapping and what the action log has after it ran; the pages are made by running it (`npm run docs`), so that they are what the code does.',
    ),
    '## Parameters',
    wrap(
      'A parameter that the mapping leaves out or that resolves to `null` counts as not given. A required one that resolves to nothing (missing, `null`, empty text, an empty list) skips the action; a value of the wrong type fails it. Either way the fields are named in `result.errors`.',
    ),
    '### Types',
    table(
      ['Type', 'What it takes'],
      [...types.values()].map(({ name, says }) => [name, says]),
    ),
    '## Statuses',
    table(
      ['Status', 'What it means'],
      [
        ['`succeeded`', 'done; `warnings` say what is worth knowing'],
        ['`skipped`', 'a required parameter resolved to nothing'],
        ['`failed`', 'not done and not tried again by itself; `npx signalbox replay ID` does, once the cause is gone'],
        ['`pending`', 'will be tried again, with a delay that doubles from 5 s to 15 min, or goes on at once'],
      ],
    ),
    wrap(
      'Whoever is late is measured by source time: when the event happened by its sender’s clock, not when it arrived. See [the directory](directory.md).',
    ),
    '## Reasons of every action',
    table(
      ['Status', 'Reason', 'When'],
      Object.entries(commonReasons).map(([reason, { status, when }]) => [status, `\`${reason}\``, when]),
    ),
    '## What actions cost',
    wrap(
      'The actions of an event share one row of the action log, however many they are (asserted in `test/functions/workflow-trigger-costs.test.ts`). What each writes besides is on its page. Where an entity or audience is made or deleted, index `list` of the Directory table adds one unit. An identify or set that changes nothing writes nothing; a conditional write that the table refuses counts like one that it takes.',
    ),
  ]);
}

const json = (value: unknown) => JSON.stringify(value, null, 2);
const fence = (language: string, text: string) => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
const joined = (parts: string[]) => `${parts.join('\n\n')}\n`.replaceAll('’', "'");
const bullets = (notes: string[]) => notes.map((note) => wrap(`- ${note}`, '  ')).join('\n');

function table(titles: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), `|${titles.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const widthMax = 135;

function wrap(text: string, indent = ''): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < widthMax) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `${indent}${word}`);
  }
  return lines.join('\n');
}
