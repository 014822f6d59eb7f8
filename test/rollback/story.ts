import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * What senders send in these tests: events that lead to every action, every state of an event, and every wait of an action.
 */

export const targetPort = 47_113;

/** What becomes of an event, whichever versions handle it. */
export type Kind =
  /** A run at the target. */
  | 'order'
  /** The target refuses it once for good, so a copy has to run. */
  | 'refused_order'
  /** With so much data that its message is compressed. */
  | 'large_order'
  /** Five actions of one event. */
  | 'signup'
  | 'identify'
  /** A run in ten minutes, which `calm` cancels. */
  | 'remind'
  | 'calm'
  /** A run for the subscribers of an object. */
  | 'project'
  | 'leave'
  | 'team'
  | 'delete'
  /** A run for a user that is never identified. */
  | 'stranger'
  | 'unmapped'
  | 'invalid';

export type StoryEvent = { key: string; kind: Kind; user: string };

/** The source's only key; rows and URLs name it. */
export const source = 'shop';

export const kindsOfActions: readonly Kind[] = [
  'order',
  'large_order',
  'signup',
  'identify',
  'project',
  'leave',
  'team',
  'stranger',
  'delete',
];

export function bodyOf({ key, kind, user }: StoryEvent): Record<string, unknown> {
  const track = (event: string, properties: Record<string, unknown>) => ({
    type: 'track',
    event,
    messageId: key,
    userId: user,
    originalTimestamp: new Date().toISOString(),
    properties: { ...properties, key },
  });
  switch (kind) {
    case 'order':
      return track('order_completed', { total: 12.5, note: 'Grüße 🎉' });
    case 'refused_order':
      return track('order_completed', { total: 12.5, refuse_once: true });
    case 'large_order':
      return track('order_completed', {
        lines: Array.from({ length: 2500 }, (_, i) => ({ sku: `SKU-${i % 50}`, n: i % 7 })),
      });
    case 'signup':
      return track('signed_up', { plan: 'team', name: `Name of ${user}` });
    case 'identify':
      return {
        ...track('', {}),
        type: 'identify',
        event: undefined,
        traits: { email: `${user}@orchard.example`, plan: 'pro' },
      };
    case 'remind':
      return track('cart_left', { cart: key });
    case 'calm':
      return track('cart_bought', { cart: key.replace('calm', 'remind') });
    case 'project':
      return track('project_saved', { project: 'apollo', status: 'open' });
    case 'leave':
      return track('plan_left', { plan: 'team' });
    case 'team':
      return track('team_saved', { team: 'orchard', color: '#00ff00' });
    case 'delete':
      return track('account_deleted', { project: `project-of-${user}`, team: `team-of-${user}` });
    case 'stranger':
      return track('wished', { of: 'a-stranger' });
    case 'unmapped':
      return track('page_scrolled', { depth: 3 });
    case 'invalid': {
      const { type: _, ...event } = track('order_completed', {});
      return event;
    }
  }
}

/** Files as in infra/config. */
export function writeConfiguration(directory: string): void {
  for (const folder of ['sources', 'workflows', 'environments', 'audiences'])
    mkdirSync(join(directory, folder), { recursive: true });
  const write = (path: string, text: string) => writeFileSync(join(directory, path), text);
  write(`sources/${source}.yaml`, sourceFile);
  const http = `{ type: http, url: "http://127.0.0.1:${targetPort}/runs", timeout_seconds: 2 }`;
  write('audiences/plan-team.yaml', 'name: On the team plan\n');
  write('workflows/order.yaml', `name: Order\ntarget:\n  development: ${http}\n`);
  write('workflows/welcome.yaml', 'name: Welcome\ntarget:\n  development: { type: log }\n');
  write('workflows/news.yaml', 'name: News\ntarget:\n  development: { type: log }\n');
  write('workflows/reminder.yaml', 'name: Reminder\ndelay: 10m\ntarget:\n  development: { type: log }\n');
  write(
    'environments/development.yaml',
    `sources:\n  ${source}: { verification: { enforced: false, destructive: any } }\n`,
  );
}

const sourceFile = `kind: rudderstack
name: Shop
mappings:
  - id: identify
    event: identify
    action: users_identify
    parameters: { id: user_id, email: data.email, properties: data }
  - id: order
    event: track/order_completed
    action: workflows_trigger
    parameters: { key: order, recipients: { id: user_id }, data: data }
  - id: signup-user
    event: track/signed_up
    action: users_identify
    parameters: { id: user_id, name: data.name }
  - id: signup-project
    event: track/signed_up
    action: objects_set
    parameters: { collection: { value: projects }, id: { value: apollo }, name: { value: Apollo } }
  - id: signup-follow
    event: track/signed_up
    action: objects_subscribe
    parameters: { collection: { value: projects }, id: { value: apollo }, recipients: user_id }
  - id: signup-plan
    event: track/signed_up
    action: audiences_add_member
    parameters: { key: { template: "plan-{{data.plan}}" }, user: user_id }
  - id: signup-welcome
    event: track/signed_up
    action: workflows_trigger
    parameters: { key: welcome, recipients: { id: user_id }, data: data }
  - id: remind
    event: track/cart_left
    action: workflows_trigger
    parameters: { key: reminder, recipients: { id: user_id }, data: data, cancellation_key: data.cart }
  - id: calm
    event: track/cart_bought
    action: workflows_cancel
    parameters: { key: reminder, cancellation_key: data.cart }
  - id: project
    event: track/project_saved
    action: objects_set
    parameters: { collection: { value: projects }, id: data.project, properties: { status: data.status } }
  - id: project-news
    event: track/project_saved
    action: workflows_trigger
    parameters: { key: news, recipients: { collection: { value: projects }, id: data.project }, data: data }
  - id: leave
    event: track/plan_left
    action: audiences_remove_member
    parameters: { key: { template: "plan-{{data.plan}}" }, user: user_id }
  - id: leave-project
    event: track/plan_left
    action: objects_unsubscribe
    parameters: { collection: { value: projects }, id: { value: apollo }, recipients: user_id }
  - id: team
    event: track/team_saved
    action: tenants_set
    parameters: { id: data.team, settings: { branding: { primary_color: data.color } } }
  - id: delete-user
    event: track/account_deleted
    action: users_delete
    parameters: { id: user_id }
  - id: delete-project
    event: track/account_deleted
    action: objects_delete
    parameters: { collection: { value: projects }, id: data.project }
  - id: delete-team
    event: track/account_deleted
    action: tenants_delete
    parameters: { id: data.team }
  - id: wish
    event: track/wished
    action: workflows_trigger
    parameters: { key: welcome, recipients: data.of, data: data }
`;
