import type { JsonObject } from '../json/values.ts';
import type { Mapping } from '../mappings/schema.ts';
import type { SourceKind } from './source.ts';

/** A mapping that a new source of a kind begins with, or can take. */
export type DefaultMapping = {
  /** What it does, for the comment above it. */
  about: string;
  /** Left out unless it is asked for. Default: false. */
  optional?: boolean;
  mapping: Pick<Mapping, 'id' | 'event' | 'action' | 'parameters' | 'when'>;
};

export type SampleUser = { id: string; name: string; email: string };

/** What samples are made of; the caller gives the randomness and the time, which core has none of. */
export type SampleMaker = {
  uuid(): string;
  /** A whole number from `min` up to, and without, `max`. */
  int(min: number, max: number): number;
  nowMs: number;
};

/** One event as its vendor would post it. */
export type Sample = {
  eventType: string;
  /** The vendor's own id of the event, which makes a second copy a duplicate. */
  messageId: string;
  userId: string;
  /** Becomes the body, as JSON; a text is one already. */
  body: JsonObject | string;
  /** Request headers besides those of every post of the kind; not the signature's. */
  headers?: Record<string, string>;
};

/** What a kind of source needs to be imitated. */
export type SampleSet = {
  /** Request headers that the vendor sets on every post. */
  headers: Record<string, string>;
  /** Makes the user known, so that what follows has a recipient. Absent: the kind describes no users. */
  identify?(user: SampleUser, make: SampleMaker): Sample;
  /** An event of a type as the kind derives it; undefined when the kind sends no such type. */
  ofType(eventType: string, user: SampleUser, make: SampleMaker): Sample | undefined;
  /** Event types of a busy day and how often each comes. At least one. */
  mix: readonly { eventType: string; weight: number }[];
};

/** Which of our answers a sender meets, and what it does then. */
export type SenderBehaviour = {
  /** How long it waits for an answer. Whole sentences, as the next two. */
  timeout: string;
  /** Which answers it sends again after, when, and for how long. */
  retries: string;
  /** What it gives up on, and what that loses. */
  drops: string;
  /** For how many hours it sends one event again, at most. Absent: it does not say. A copy counts as one for longer. */
  retryHours?: number;
  /** Whether it sends again what was answered with a status other than 2xx. */
  sendsAgainAfter(status: number): boolean | 'unknown';
};

/** For senders that give up where the request is at fault. */
export const afterServerFaults = (status: number) => status === 408 || status === 429 || status >= 500;
export const afterAnyFault = () => true;
export const never = () => false;

/** A step of setting a kind up at its vendor. `{url}`, `{key}`, `{environment}` stand for the source's own. */
export type SetupStep = string;

/**
 * What people need to know about a kind of source: how to set it up at the vendor, what its events become, and what it
 * does with our answers. The CLI and the pages of docs/sources are made from it. It stands in `<kind>.guide.ts`, beside
 * the definition in `<kind>.ts`, because functions load every definition and no guide.
 */
export type SourceGuide = {
  category: 'Customer data platform' | 'Webhook' | 'Token sender' | 'Reverse ETL' | 'Custom';
  /** One or two sentences: who sends, and what for. */
  about: string;
  setup: readonly SetupStep[];
  /** Whose the secret is. Absent: the kind has none. */
  secret?: {
    /** `vendor`: shown in its dashboard. `generated`: made by us. `chosen`: any text, the same on both sides. */
    from: 'vendor' | 'generated' | 'chosen';
    /** Where it is found, or has to be put, at the vendor. */
    where: string;
  };
  /** How the event type comes about, in one sentence, and examples. */
  eventType: { rule: string; examples: readonly string[] };
  /** How the idempotency key comes about. */
  key: string;
  defaultMappings: readonly DefaultMapping[];
  behaviour: SenderBehaviour;
  /** What surprises people, a sentence each. */
  pitfalls: readonly string[];
  /** A longer page about this kind: its path under docs/ and its title. Absent: there is none. */
  inDepth?: { page: string; title: string };
  samples: SampleSet;
};

/** A kind with its guide. */
export type GuidedKind = { kind: SourceKind; guide: SourceGuide };
