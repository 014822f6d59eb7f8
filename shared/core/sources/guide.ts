import type { JsonObject } from '../json/values.ts';
import type { Mapping } from '../mappings/schema.ts';
import type { SourceKind } from './source.ts';

/** A default mapping of a kind, which a new source has or can take. */
export type DefaultMapping = {
  /** Its purpose, for the comment above it. */
  about: string;
  /** Left out unless requested. Default: false. */
  optional?: boolean;
  mapping: Pick<Mapping, 'id' | 'event' | 'action' | 'parameters' | 'when'>;
};

export type SampleUser = { id: string; name: string; email: string };

/** The input for samples; the caller provides randomness and time, which core does not have. */
export type SampleMaker = {
  uuid(): string;
  /** A whole number from `min` up to, and without, `max`. */
  int(min: number, max: number): number;
  nowMs: number;
};

/** One event as its vendor would post it. */
export type Sample = {
  eventType: string;
  /** The vendor's own id of the event, by which a second copy is a duplicate. */
  messageId: string;
  userId: string;
  /** Becomes the body, as JSON; a text is used unchanged. */
  body: JsonObject | string;
  /** Request headers in addition to those of the kind; without the signature's. */
  headers?: Record<string, string>;
};

/** Imitates the sender of a kind. */
export type SampleSet = {
  /** Request headers that the vendor sets on every post. */
  headers: Record<string, string>;
  /**
   * An event that describes the user, so that later events have a recipient. Absent: the kind
   * describes no users.
   */
  identify?(user: SampleUser, make: SampleMaker): Sample;
  /** An event of a type as the kind derives it; undefined when the kind sends no such type. */
  ofType(eventType: string, user: SampleUser, make: SampleMaker): Sample | undefined;
  /** Event types of a busy day and their frequencies. At least one. */
  mix: readonly { eventType: string; weight: number }[];
};

/** A sender's reaction to our answers. */
export type SenderBehaviour = {
  /** How long it waits for an answer. Whole sentences, as the next two. */
  timeout: string;
  /** The answers after which it retries, when, and for how long. */
  retries: string;
  /** When it gives up, and what is lost then. */
  drops: string;
  /**
   * The most hours for which it retries one event. Absent: unknown. The window for copies is
   * longer.
   */
  retryHours?: number;
  /** Whether it retries after an answer other than 2xx. */
  sendsAgainAfter(status: number): boolean | 'unknown';
};

/** For senders that give up on errors of the request. */
export const afterServerFaults = (status: number) => status === 408 || status === 429 || status >= 500;
export const afterAnyFault = () => true;
export const never = () => false;

/**
 * A step for setting up a kind at its vendor. `{url}`, `{key}`, `{environment}` stand for the
 * source's own.
 */
export type SetupStep = string;

/** A template of a request in the vendor's own language, ready to paste. */
export type BodyTemplate = { title: string; language: 'jsonata' | 'liquid'; text: string };

/** How the vendor's destination is set up that calls methods, for the person who does it there. */
export type DestinationGuide = {
  /** The vendor's name of it. */
  title: string;
  /** When to choose it, in a sentence or two. */
  about: string;
  setup: readonly SetupStep[];
  /** What is pressed or chosen at the vendor, and what it then shows. */
  shows: readonly { press: string; shows: string }[];
  /** A page of the vendor about it. */
  docs: string;
};

/**
 * A kind's facts for people: how to set it up at the vendor, what its events become, and how it
 * reacts to our answers. The CLI and the pages of docs/sources use it. It is in `<kind>.guide.ts`,
 * beside the definition in `<kind>.ts`, because functions load every definition but no guides.
 */
export type SourceGuide = {
  category: 'Customer data platform' | 'Webhook' | 'Token sender' | 'Reverse ETL' | 'Custom';
  /** One or two sentences about the sender and its purpose. */
  about: string;
  setup: readonly SetupStep[];
  /**
   * Bodies to paste at a vendor whose templates define the request. Absent: the vendor's payload is
   * fixed.
   */
  templates?: readonly BodyTemplate[];
  /** The origin of the secret. Absent: the kind has none. */
  secret?: {
    /**
     * `vendor`: shown in its dashboard. `generated`: made by us. `chosen`: any text, the same on
     * both sides.
     */
    from: 'vendor' | 'generated' | 'chosen';
    /** Where to find it, or put it, at the vendor. */
    where: string;
  };
  /** The origin of the event type, in one sentence, with examples. */
  eventType: { rule: string; examples: readonly string[] };
  /** The origin of the idempotency key. */
  key: string;
  defaultMappings: readonly DefaultMapping[];
  behaviour: SenderBehaviour;
  /** Surprises, one sentence each. */
  pitfalls: readonly string[];
  /** Of a kind whose vendor also calls methods. Absent: it does not. */
  destination?: DestinationGuide;
  /** A longer page about this kind: its path under docs/ and its title. Absent: none. */
  inDepth?: { page: string; title: string };
  samples: SampleSet;
};

/** A kind with its guide. */
export type GuidedKind = { kind: SourceKind; guide: SourceGuide };
