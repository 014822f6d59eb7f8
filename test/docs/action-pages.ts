import { existsSync, readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import * as z from 'zod';
import { type ActionPorts, type Attempt, runInvocations } from '../../functions/workflow-trigger/run-invocations.ts';
import { type Action, requiredParameters } from '../../shared/core/actions/action.ts';
import type { ActionGuide, Step } from '../../shared/core/actions/guide.ts';
import { actions } from '../../shared/core/actions/index.ts';
import { AudienceKey, ExactMembers, Members, Tenant } from '../../shared/core/actions/parts/member.ts';
import {
  CancellationKey,
  Collection,
  EntityId,
  Flag,
  JsonMap,
  TenantId,
  TenantSettings,
  Text,
} from '../../shared/core/actions/parts/params.ts';
import { OptionalRecipient, OptionalTenant, Recipients } from '../../shared/core/actions/parts/recipient.ts';
import { TriggerSettings } from '../../shared/core/actions/parts/trigger-settings.ts';
import { recipientWaitMsDefault } from '../../shared/core/configuration/delays.ts';
import { AudienceFile } from '../../shared/core/configuration/schema.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import type { ActionOutcome, ActionReason } from '../../shared/core/logs/action-log-entry.ts';
import { defaultParameters } from '../../shared/core/mappings/action-facts.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { actionsMessageOf } from '../../shared/core/plan/actions-of.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { type ActionRow, actionRow } from '../../shared/operations/actions/action-row.ts';
import { liveConfiguration, rawEvent } from '../support/build.ts';
import { makeActionContext } from '../support/fakes-workflow-trigger.ts';
import { silentLog } from '../support/function-log.ts';

/*
 * The pages of docs/actions. Definitions give the parameters, guides beside them the words, a run of each example its
 * outcome, and tests the costs that they assert. `npm run docs` writes the pages; action-pages.test.ts fails while they
 * differ.
 */

type ReasonOfAll = { status: 'skipped' | 'failed' | 'pending'; when: string };

/** What any action can end with; `action_unknown` is that of a mapping which names none. */
export const commonReasons = {
  parameters_too_large: {
    status: 'failed',
    when: 'with these parameters the event’s message is over 300 KB compressed, or holds over 150,000 values',
  },
  action_unknown: { status: 'failed', when: 'the mapping names an unknown action' },
  person_erased: { status: 'skipped', when: 'it is for persons alone who were erased' },
  retries_exhausted: { status: 'failed', when: 'still pending after 24 hours or 120 attempts' },
  dead_lettered: { status: 'failed', when: 'ten deliveries of the message failed; it can be replayed' },
  table_unavailable: { status: 'pending', when: 'a table was throttled or unavailable' },
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
  recipient_unknown: 'skipped',
  target_refused: 'failed',
  target_unavailable: 'pending',
  target_timeout: 'pending',
  target_busy: 'pending',
  secret_missing: 'pending',
  continues: 'pending',
  delayed: 'pending',
  held: 'pending',
  rate_limited: 'pending',
} as const satisfies Record<Exclude<ActionReason, keyof typeof commonReasons>, ReasonOfAll['status']>;

type ParameterType = { name: string; says: string };

/** Schemas that actions share, in words; each is known by being the very same object. */
const types = new Map<z.core.$ZodType, ParameterType>([
  [Text, { name: 'text', says: 'Text; a number becomes its digits.' }],
  [
    EntityId,
    {
      name: 'id',
      says: 'Text of 1 to 256 characters and at most 500 bytes, without `/` and `#`; a number becomes its digits. Blank text is none, and neither is what programs write for a missing value: `undefined`, `null`, `NaN`, `[object Object]`. Taken exactly as sent: `u ` is another id than `u`, with the warning `id_has_blanks` where one is described.',
    },
  ],
  [TenantId, { name: 'tenant id', says: 'An id without whitespace.' }],
  [Collection, { name: 'collection', says: 'As an id. Of those that start with `$` only `$tenants` is one.' }],
  [
    AudienceKey,
    { name: 'audience key', says: '1 to 255 lower-case letters, digits, `-` or `_`, a letter or digit first.' },
  ],
  [
    CancellationKey,
    { name: 'cancellation key', says: 'Text or a number. For a text over 1,024 bytes its hash is used.' },
  ],
  [JsonMap, { name: 'map', says: 'A map, or its JSON as text.' }],
  [TenantSettings, { name: 'tenant settings', says: 'A map with `branding` and `preference_set`, which are maps.' }],
  [
    Recipients,
    {
      name: 'recipients',
      says: 'One recipient or a list of them, or the JSON of either as text. Empty entries are dropped.',
    },
  ],
  [
    OptionalRecipient,
    {
      name: 'recipient',
      says: 'A user’s id; `{ id, …properties }`, a user described inline; `{ collection, id, …properties }`, an object; `{ collection: $users, id }`, only an id.',
    },
  ],
  [OptionalTenant, { name: 'tenant', says: 'A tenant’s id, or `{ id, …properties }`; both make a missing tenant.' }],
  [
    Members,
    {
      name: 'members',
      says: 'One member or a list of them: a user’s id; `{ user, tenant }`, where `user` is an id or a map; or the user as a map, `{ user_id, … }` or `{ id, … }`.',
    },
  ],
  [
    ExactMembers,
    {
      name: 'exact members',
      says: 'As members. An unreadable tenant fails the action: without it another member would be meant.',
    },
  ],
  [Flag, { name: 'flag', says: 'True or false; also as text or as 1 and 0.' }],
  [
    TriggerSettings,
    { name: 'settings', says: 'A map of `sandbox_mode` and `skip_delay`, each true or false, or its JSON as text.' },
  ],
  [Tenant, { name: 'tenant of a member', says: 'A tenant’s id, or a map with its `id`; may be empty.' }],
]);

/** @throws Error for a schema that has no words yet */
export function typeName(schema: z.core.$ZodType): string {
  const known = types.get(schema);
  if (known) return `[${known.name}](../actions.md#types)`;
  // A description makes a copy of the schema that it describes.
  if (schema._zod.parent) return typeName(schema._zod.parent);
  if (schema instanceof z.ZodOptional) return typeName(schema.unwrap());
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodString) return 'text';
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(' or ');
  if (schema instanceof z.ZodArray) return `list of ${typeName(schema.element as z.core.$ZodType)}`;
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape as Record<string, z.core.$ZodType>);
    return `map of ${fields.map(([name, inner]) => `\`${name}\` (${typeName(inner)})`).join(' and ')}`;
  }
  throw new Error('a parameter has a schema that no type is named for: add it to `types` in test/docs/action-pages.ts');
}

const root = new URL('../../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');
const nameOf = (id: string) => id.replaceAll('_', '-');
export const fileOf = (id: string) => `${nameOf(id)}.md`;

/** Guides by action, each from the file beside the definition; an action need not have one. */
export const guides = new Map<string, ActionGuide>();
for (const { id } of actions) {
  if (!existsSync(new URL(`shared/core/actions/${nameOf(id)}.guide.ts`, root))) continue;
  // A path with a pattern, which the bundle of `npm run docs` resolves: Node 20 cannot load the file itself.
  const { guide } = (await import(`../../shared/core/actions/${nameOf(id)}.guide.ts`)) as { guide: ActionGuide };
  guides.set(id, guide);
}

export type Cost = { what: string; writes: string; reads?: string };

const directoryCosts = 'test/adapters/directory-writes.test.ts';

/** What the tests assert that one call asks of the tables; nothing for an action whose costs no test asserts. */
export function costsOf(id: string, guide?: ActionGuide): Cost[] {
  const costs = guide?.costs;
  if (costs !== undefined && 'sentence' in costs) {
    const page = textOf(`docs/${costs.page}`).replaceAll(/\s+/g, ' ');
    if (!page.includes(costs.sentence)) throw new Error(`docs/${costs.page} lacks the sentence: ${costs.sentence}`);
    return [];
  }
  if (costs !== undefined) {
    const titles = textOf(costs.file).matchAll(/test\('([^':]+): ([^']+)'/g);
    const own = [...titles].filter(([, what = '']) => what.startsWith(costs.titles));
    return own.map(([, what = '', writes = '']) => ({ what, writes: writes.replace(/ each$/, '') }));
  }
  const rows = textOf(directoryCosts).matchAll(/^ {2}\['([^']+)', '(\w+)', .*, (\d+), (\d+)\],$/gm);
  const own = [...rows].filter(([, , action]) => action === id);
  return own.map(([, what = '', , writes = '', reads = '']) => ({ what, writes, reads }));
}

const startMs = Date.parse('2026-05-04T08:15:31.402Z');
const entropy = new Uint8Array(12);

const workflows = {
  'order-completed': { name: 'Order completed', target: { production: { type: 'log' } } },
  'order-reminder': { name: 'Order reminder', target: { production: { type: 'log' } }, delay: '2h' },
  welcome: { name: 'Welcome', target: { production: { type: 'log' } }, audience: 'plan-team' },
};

/** Runs events one after the other over ports in memory; answers what the log shows of the last one's action. */
export async function outcomeOf(steps: readonly Step[]): Promise<ActionRow> {
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
      leftOut: new Map(),
      onWritten: () => undefined,
    };
    const ports = {
      ...context,
      configuration,
      environment: 'production',
      nowMs: () => nowMs,
      deadlineMs: nowMs + 50_000,
      retentionDaysOf: () => 30,
      count: () => undefined,
      log: silentLog,
    };
    const [first] = await runInvocations(attempt, ports);
    // What waits for an unknown recipient is shown as it ends.
    const [tried] =
      first?.outcome.reason === 'recipient_unknown' ? await afterWait(first.outcome, attempt, ports) : [first];
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

/** The attempt when the wait is over. */
function afterWait(outcome: ActionOutcome, attempt: Attempt, ports: ActionPorts) {
  const atMs = ports.nowMs() + recipientWaitMsDefault;
  const before = new Map([[outcome.id, outcome]]);
  return runInvocations({ ...attempt, before, again: true, isSeen: true }, { ...ports, nowMs: () => atMs });
}

export const exampleOf = ({ before = [], example }: ActionGuide) => outcomeOf([...before, example]);
export const refusalOf = ({ before = [], example, refused }: ActionGuide) =>
  outcomeOf([...before, { mapping: example.mapping, event: refused.event }]);

/** Every page by its path within docs. */
export async function actionPages(): Promise<Map<string, string>> {
  const pages = new Map([['actions.md', indexPage()]]);
  for (const action of actions) pages.set(`actions/${fileOf(action.id)}`, await actionPage(action));
  return pages;
}

async function actionPage(action: Action): Promise<string> {
  const guide = guides.get(action.id);
  const about = guide?.paragraph ?? `${action.does.slice(0, 1).toUpperCase()}${action.does.slice(1)}.`;
  return joined([
    `# ${action.id}`,
    wrap(about),
    wrap(
      `Number ${actions.indexOf(action) + 1} of ${actions.length} in the [order in which the actions of one event run](../actions.md).`,
    ),
    '## Parameters',
    table(['Parameter', 'Type', 'Required', 'What it is'], parametersOf(action)),
    ...(guide === undefined ? [] : await examplesIn(guide)),
    '## Reasons',
    ...reasonsOf(action, guide),
    ...costSection(action.id, guide),
    ...(guide === undefined ? [] : ['## Notes', bullets(guide.notes)]),
  ]);
}

async function examplesIn(guide: ActionGuide): Promise<string[]> {
  const { action, status, reason, detail, result, payload } = await refusalOf(guide);
  return [
    '## Example',
    fence('yaml', stringify({ mappings: [guide.example.mapping] }, { lineWidth: 0 })),
    'With this event of RudderStack:',
    fence('json', json(guide.example.event)),
    wrap(`${guide.shows ? `${guide.shows.slice(0, -1)}. ` : ''}The action log shows:`),
    fence('json', json(await exampleOf(guide))),
    '## A refusal',
    wrap(guide.refused.why),
    fence('json', json(guide.refused.event)),
    fence('json', json({ action, status, reason, detail, result, payload })),
  ];
}

function parametersOf({ id, params }: Action): string[][] {
  return Object.entries(params.shape as Record<string, z.ZodType>).map(([name, schema]) => {
    const byDefault = defaultParameters(id)[name];
    const required = schema.isOptional() ? 'no' : byDefault === undefined ? 'yes' : `yes; default \`${byDefault}\``;
    return [`\`${name}\``, typeName(schema), required, schema.description ?? ''];
  });
}

function reasonsOf(action: Action, guide: ActionGuide | undefined): string[] {
  const required = requiredParameters(action).map((name) => `\`${name}\``);
  const reasons = guide?.reasons ?? {
    required_field_missing: `${required.join(' or ')} resolved to nothing: missing, null, empty text or an empty list`,
    invalid_params: 'a required parameter has the wrong type',
  };
  const entries = Object.entries(reasons) as [keyof typeof statusOf, string][];
  return [
    table(
      ['Status', 'Reason', 'When'],
      entries.map(([reason, when]) => [statusOf[reason], `\`${reason}\``, when]),
    ),
    wrap('And those that [any action](../actions.md#reasons-of-every-action) can end with.'),
  ];
}

function costSection(id: string, guide: ActionGuide | undefined): string[] {
  const said = guide?.costs;
  const costs = costsOf(id, guide);
  if (said !== undefined && 'sentence' in said) return ['## What it costs', wrap(said.says)];
  if (costs.length === 0) return [];
  if (said !== undefined) {
    const rows = costs.map(({ what, writes }) => [what, writes]);
    const intro = wrap(`As asserted in \`${said.file}\`, ${said.intro}:`);
    return ['## What it costs', intro, table(['Case', 'Write units'], rows), wrap(said.more)];
  }
  const rows = costs.map(({ what, writes, reads = '' }) => [what, writes, reads]);
  const how = `As asserted in \`${directoryCosts}\`, in this order, for items of at most 1 KB, [without index \`list\`](../actions.md#what-actions-cost):`;
  return ['## What it costs', wrap(how), table(['Case', 'Write units', 'Read calls'], rows)];
}

function indexPage(): string {
  const rows = actions.map(({ id, does }, i) => [`${i + 1}`, `[\`${id}\`](actions/${fileOf(id)})`, does]);
  return joined([
    '# Actions',
    wrap(
      'An action is what a [mapping](mappings.md) runs for an event. The actions of one event run in the order of this table, whatever the order of the mappings; those of one type run at the same time. A failed or skipped action delays no others. While one is pending, later types wait for it, unless it only waits for a `delay`.',
    ),
    table(['', 'Action', 'What it does'], rows),
    wrap(
      'Each page shows a mapping and the action log after it ran. `npm run docs` makes the pages by running the mappings, so they show what the code does.',
    ),
    '## Parameters',
    wrap(
      'A parameter that the mapping leaves out, or that resolves to `null` or to blank text, counts as not given. A required one that is not given, or is an empty list, skips the action; one of the wrong type fails it, and the fields are named in `result.errors`. An optional one of the wrong type is left out with the warning `property_ignored`, which says what it was and what would be right. Optional parameters that say whom the action is for fail it too: `members` and `user` of the audience actions, `recipients` of a cancel, `tenant` of a removal.',
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
        ['`succeeded`', 'done; `warnings` name oddities'],
        ['`skipped`', 'a required parameter resolved to nothing'],
        ['`failed`', 'not done, and not retried; once the cause is gone, `npx signalbox replay ID` runs it again'],
        ['`pending`', 'will be retried, with a delay that doubles from 5 s to 15 min, or at once'],
      ],
    ),
    wrap(
      'Source time decides which event is late: when it happened by its sender’s clock, not when it arrived. See [the directory](directory.md).',
    ),
    '## Reasons of every action',
    table(
      ['Status', 'Reason', 'When'],
      Object.entries(commonReasons).map(([reason, { status, when }]) => [status, `\`${reason}\``, when]),
    ),
    '## What actions cost',
    wrap(
      'The actions of an event share one row of the action log, however many they are (asserted in `test/functions/workflow-trigger-costs.test.ts`). Each action’s page lists its other writes. Making or deleting an entity or audience adds one unit for index `list` of the Directory table. An identify or set without changes makes no write. A conditional write that the table refuses counts like an accepted one.',
    ),
  ]);
}

const json = (value: unknown) => JSON.stringify(value, null, 2);
const fence = (language: string, text: string) => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
const joined = (parts: string[]) => `${parts.join('\n\n')}\n`.replaceAll('’', "'");
const bullets = (notes: readonly string[]) => notes.map((note) => wrap(`- ${note}`, '  ')).join('\n');

function table(titles: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), `|${titles.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const widthMax = 100;

function wrap(text: string, indent = ''): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < widthMax) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `${indent}${word}`);
  }
  return lines.join('\n');
}
