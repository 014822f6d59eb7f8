import type { JsonObject } from '../json/values.ts';
import type { ActionReason } from '../logs/action-log-entry.ts';
import type { Mapping } from '../mappings/schema.ts';

/**
 * One event and its mapping. Each event is received a minute after the previous one, and happened a
 * second before its receipt.
 */
export type Step = { mapping: Mapping; event: JsonObject };

/**
 * The facts about an action that people need beyond its definition: an example, a refusal, reasons
 * and surprises. The export `guide` of `<action>.guide.ts` becomes the action's page in
 * docs/actions. An action without a guide has a shorter page. Functions never load it.
 */
export type ActionGuide = {
  paragraph: string;
  /** Events that happen before the example. */
  before?: readonly Step[];
  example: Step;
  /** A sentence above the example's outcome, if it needs one. */
  shows?: string;
  /** An event that the same mapping refuses. */
  refused: { why: string; event: JsonObject };
  /** In addition to the reasons of every action. */
  reasons: Partial<Record<ActionReason, string>>;
  notes: readonly string[];
  /** The test that asserts its costs. Absent: test/adapters/directory-writes.test.ts. */
  costs?: CostsOfGuide;
};

export type CostsOfGuide =
  /**
   * Titles of tests in `file` that begin with this text: `a trigger without a delay: 4 write
   * units`. `more` follows below them.
   */
  | { file: string; titles: string; intro: string; more: string }
  /**
   * No test asserts it separately, so the page must contain `sentence`. `says` links to that page.
   */
  | { page: string; sentence: string; says: string };
