import { expect } from '@jest/globals';
import type { IncidentName } from './incidents.ts';
import type { Stage } from './stage.ts';

/**
 * What an engineer has to learn of an incident, and does about it. `cause` is looked for in what the
 * commands printed; docs/drills.md shows the same words.
 */
export type Drill = {
  /** A sentence that names the cause. */
  cause: RegExp;
  /** What a person does about it, as the pages of docs/runbooks say; the last command replays. */
  mend(stage: Stage): Promise<void>;
  /** Of `events` of the last hour by status, when it is over. */
  ends: Record<string, unknown>;
  /** Orders that the target has taken, each once. */
  orders: number;
};

const replay = (stage: Stage, ...args: string[]) => stage.mend('replay', ...args, '--since', '1h', '--yes');

export const drills: Record<IncidentName, Drill> = {
  'wrong path': {
    cause: /recipients is required and resolved\s+to nothing[\s\S]*recipients {2}nothing there {2}← data\.customer/,
    async mend(stage) {
      stage.edit('sources/shop.yaml', 'recipients: data.customer', 'recipients: user_id');
      await stage.commit();
      await replay(stage, '--status', 'skipped', '--force');
    },
    // The forced copies are events of their own.
    ends: { processed: 7 },
    orders: 3,
  },
  'workflow deleted': {
    cause: /actions_failed confirm-order[\s\S]*workflow_missing[\s\S]*workflow "confirm-order" is not\s+committed/,
    async mend(stage) {
      await stage.restoreWorkflow();
      await replay(stage, '--status', 'failed');
    },
    ends: { processed: 4 },
    orders: 3,
  },
  'target answers 500': {
    cause: /confirm-order[\s\S]*target_unavailable[\s\S]*the\s+target answered 500/,
    async mend(stage) {
      stage.target.answers = 200;
    },
    ends: { processed: 7 },
    orders: 6,
  },
  'target hangs': {
    cause: /confirm-order[\s\S]*target_timeout[\s\S]*127\.0\.0\.1:\d+ did not answer within 3000 ms/,
    async mend(stage) {
      stage.target.answers = 200;
    },
    ends: { processed: 7 },
    orders: 6,
  },
  'secret rotated on one side': {
    cause: /signatures_refused shop[\s\S]*signature_wrong\): the secret here and the sender's may differ/,
    async mend(stage) {
      await stage.setSecret('shop', 'the-old-secret', '--also');
      const headers = { 'x-webhook-secret': 'the-old-secret' };
      // Functions keep secrets for some seconds.
      while ((await stage.identify('lena', headers)) !== 200);
      // What was refused never became an event: its sender sends it again.
      for (let i = 0; i < 3; i++) await stage.post('shop', stage.order(), headers);
    },
    ends: { processed: 4 },
    orders: 3,
  },
  'poison message': {
    cause: /events_failed shop[\s\S]*its message is spoilt, since the stored event cannot be unpacked/,
    async mend(stage) {
      await stage.post('shop', stage.order());
      await stage.mend('discard', '--status', 'failed', '--since', '1h', '-m', 'spoilt; sent again', '--yes');
    },
    ends: { processed: 2, discarded: 1 },
    orders: 1,
  },
  'burst of duplicates': {
    cause: /duplicates_many shop[\s\S]*199 of 201 events were copies of earlier ones: the sender repeats itself/,
    mend: async () => undefined,
    ends: { processed: 2, idempotent: 199 },
    orders: 1,
  },
  'source disabled': {
    cause: /source_disabled[\s\S]*source "shop" is switched off/,
    async mend(stage) {
      await stage.mend('sources', 'enable', 'shop');
      await replay(stage, '--status', 'rejected');
    },
    ends: { processed: 4 },
    orders: 3,
  },
  'identify off': {
    cause: /identify_off shop[\s\S]*identify is off: its identify events make no user known/,
    async mend(stage) {
      await stage.mend('settings', 'set', 'shop', '--identify', 'on');
      await replay(stage, '--status', 'no_mapping', '--mapping', 'identify');
      await stage.runtime.idle();
      await replay(stage, '--status', 'skipped');
    },
    ends: { processed: 4 },
    orders: 3,
  },
  'configuration broken by hand': {
    cause: /configuration_unreadable[\s\S]*the live configuration cannot be read: snapshot\s+\w+ is damaged/,
    mend: (stage) => stage.commit(),
    ends: { processed: 3 },
    orders: 2,
  },
  'unknown recipient': {
    cause: /recipient_unknown[\s\S]*no run for usr_8841: not identified yet/,
    async mend(stage) {
      await stage.identify('usr_8841');
      await replay(stage, '--status', 'skipped');
    },
    ends: { processed: 4 },
    orders: 3,
  },
  'silent source': {
    cause: /source_silent market[\s\S]*no event for 5 hours, and its longest pause of the week was 0 hours/,
    async mend(stage) {
      await stage.post('market', stage.order());
    },
    ends: { processed: 4 },
    orders: 3,
  },
  'noisy neighbour': {
    cause: /events_wait[\s\S]*[\d,]+ of\s+the [\d,]+ events that came in\s+were of market/,
    mend: async () => undefined,
    // More, where a request was answered 503 after a part of it was queued.
    ends: { processed: 3, no_mapping: expect.any(Number) },
    orders: 2,
  },
};
