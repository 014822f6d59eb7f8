import { Snapshot, SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';

/*
 * What the world is about: two sources, a few types of events whose actions depend on each other, and configurations that
 * come and go while events are under way.
 */

export const sourceKeys = ['web', 'shop'] as const;

/**
 * Most events are about one user, so that they meet. Two that look alike are two users: ids are taken exactly as sent.
 */
export const users = [...Array<string>(6).fill('lena'), 'ivo', 'ivo', 'mara', 'mara ', '👩‍👩‍👧 é'];

/** Text that a queue, a table or an encoding could spoil. The half of a pair is stored as U+FFFD. */
export const hostileText = 'e\u0301 שלום \u202e 🎉 👩‍👩‍👧 \ufffe\uffff \u0000\u2028 \ud83d.';

/** Traits of which the fields of a user take none: each is left out with a warning, and the rest is written. */
const oddTraits = { avatar: { href: 'x' }, phone: false, name: ['a'], timezone: {}, blank: '', nothing: null };

/** What costs its neighbours nothing: many values, deep nesting, names of a prototype. */
const heavy = {
  many: Array(300).fill({}),
  deep: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`),
  proto: JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": 1}}'),
};

/** Windows are long beside redeliveries and short beside a test's day. */
export const windowHours = 2;

export const specKinds = [
  'identify',
  'order',
  'followed',
  'refused',
  'paid',
  'unmapped',
  'nameless',
  'poison',
] as const;
export type SpecKind = (typeof specKinds)[number];

/** One thing that happened at a sender. Sent twice it is the same event, with the same key. */
export type Spec = {
  kind: SpecKind;
  source: (typeof sourceKeys)[number];
  user: string;
  /** Order of happening: nothing that arrives late may undo what happened later. */
  seq: number;
  /** Without a key nothing protects the event from being sent twice. */
  key?: string;
};

const dayMs = 86_400_000;
export const worldStartMs = Date.parse('2026-11-21T03:00:00Z');

/** What the sender posts. */
export function bodyOf({ kind, user, seq, key }: Spec): Record<string, unknown> {
  const data = { seq, project: `p${seq % 2}`, total: seq % 2 === 0 ? 20 : 5, note: hostileText };
  const base = {
    ...(key !== undefined && { messageId: key }),
    userId: user,
    timestamp: new Date(worldStartMs - dayMs + seq * 1000).toISOString(),
  };
  if (kind === 'identify') {
    const traits = { ...data, ...(seq % 2 === 0 ? { name: '🎉 Lena', phone: '+34910000001' } : oddTraits) };
    return { ...base, type: 'identify', traits: { ...traits, [`only${seq}`]: true } };
  }
  if (kind === 'unmapped') return { ...base, type: 'track', event: kind, properties: { ...data, ...heavy } };
  if (kind === 'nameless') return { ...base, properties: data };
  return { ...base, type: 'track', event: kind, properties: data };
}

const identifyUser = { id: 'user_id', properties: { seq: 'data.seq', note: 'data.note' } };
const project = { collection: { value: 'projects' }, id: 'data.project' };

const mappings = [
  {
    id: 'identify',
    event: 'identify',
    action: 'users_identify',
    parameters: { id: 'user_id', properties: 'data' },
  },
  { id: 'order-identify', event: 'track/order', action: 'users_identify', parameters: identifyUser },
  {
    id: 'order-call',
    event: 'track/order',
    action: 'workflows_trigger',
    parameters: { key: 'call-it', recipients: 'user_id', data: { seq: 'data.seq' } },
  },
  {
    id: 'order-log',
    event: 'track/order',
    action: 'workflows_trigger',
    parameters: { key: 'log-it', recipients: 'user_id' },
  },
  {
    id: 'follow-set',
    event: 'track/followed',
    action: 'objects_set',
    parameters: { ...project, properties: { seq: 'data.seq', note: 'data.note' } },
  },
  {
    id: 'follow',
    event: 'track/followed',
    action: 'objects_subscribe',
    parameters: { ...project, recipients: [{ id: 'user_id' }] },
  },
  {
    id: 'follow-tell',
    event: 'track/followed',
    action: 'workflows_trigger',
    parameters: { key: 'tell-it', recipients: project, data: { seq: 'data.seq' } },
  },
  {
    id: 'refused-identify',
    event: 'track/refused',
    action: 'users_identify',
    parameters: identifyUser,
  },
  {
    id: 'refused-call',
    event: 'track/refused',
    action: 'workflows_trigger',
    parameters: { key: 'moody', recipients: 'user_id', data: { seq: 'data.seq' } },
  },
  {
    id: 'paid',
    event: 'track/paid',
    action: 'workflows_trigger',
    parameters: { key: 'call-it', recipients: [{ id: 'user_id' }] },
    when: [{ path: 'data.total', gt: 10 }],
  },
];

const http = (name: string) => ({
  name,
  target: { development: { type: 'http', url: `https://${name}.example/` } },
});

/** Workflows whose target is called; `log-it` records. */
export const calledWorkflows = ['call-it', 'tell-it', 'moody'] as const;

const workflows = {
  'log-it': { name: 'log-it', target: { development: { type: 'log' } } },
  'call-it': http('call-it'),
  'tell-it': http('tell-it'),
  moody: http('moody'),
};

const extraMapping = {
  id: 'order-extra',
  event: 'track/order',
  action: 'workflows_trigger',
  parameters: { key: 'log-it', recipients: 'user_id' },
};

type Change = { mappings?: object[]; state?: object; inactiveWorkflows?: string[] };

/** What may be live: the first is what the world begins and ends with. */
const changes: Record<string, Change> = {
  all: {},
  'a mapping switched off': { state: { inactive_mappings: ['order-call'] } },
  'a mapping more': { mappings: [...mappings, extraMapping] },
  'no order mappings': { mappings: mappings.filter(({ event }) => event !== 'track/order') },
  'identify switched off': { state: { identify: false } },
  'the source switched off': { state: { enabled: false } },
  'a workflow switched off': { inactiveWorkflows: ['call-it'] },
};
export const configurationNames = Object.keys(changes);

const snapshotOf = (list: object[]) =>
  Snapshot.parse({
    sources: Object.fromEntries(
      sourceKeys.map((key) => [key, SourceFile.parse({ kind: 'rudderstack', name: key, mappings: list })]),
    ),
    workflows,
  });

const prepared = configurationNames.map((name) => {
  const { mappings: list = mappings, state = {}, inactiveWorkflows = [] } = changes[name] ?? {};
  const sourceState = SourceState.parse({ ...state, idempotency: { enabled: true, window_hours: windowHours } });
  return {
    snapshot: snapshotOf(list),
    state: {
      sources: Object.fromEntries(sourceKeys.map((key) => [key, sourceState])),
      inactive_workflows: inactiveWorkflows,
    },
  };
});

/** One of `configurationNames`, as the version that it went live with. */
export function configurationAs(index: number, version: number): LiveConfiguration {
  const content = prepared[index % prepared.length];
  if (content === undefined) throw new Error(`there is no configuration ${index}`);
  return { version, ...content };
}
