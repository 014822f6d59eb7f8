import type { JsonObject } from '../json/values.ts';
import type { ActionReason } from '../logs/action-log-entry.ts';
import type { Mapping } from '../mappings/schema.ts';

/** One event and the mapping that is for it. Each is received a minute after the one before and happened a second earlier. */
export type Step = { mapping: Mapping; event: JsonObject };

/**
 * What people need to know of an action beyond its definition: an example, a refusal, reasons and surprises. Stands in
 * `<action>.guide.ts`, as export `guide`, and becomes the action's page in docs/actions. An action without a guide has a
 * shorter page. Functions never load it.
 */
export type ActionGuide = {
  paragraph: string;
  /** What has happened by then. */
  before?: readonly Step[];
  example: Step;
  /** Said above the example's outcome, where it needs saying. */
  shows?: string;
  /** An event that the same mapping refuses. */
  refused: { why: string; event: JsonObject };
  /** Besides those that any action can end with. */
  reasons: Partial<Record<ActionReason, string>>;
  notes: readonly string[];
  /** Where its costs are asserted. Absent: test/adapters/directory-writes.test.ts. */
  costs?: CostsOfGuide;
};

export type CostsOfGuide =
  /** Titles of tests in `file` that begin so: `a trigger without a delay: 4 write units`. `more` is said below them. */
  | { file: string; titles: string; intro: string; more: string }
  /** No test asserts it alone, so `sentence` has to stand on the page. `says` links to that page. */
  | { page: string; sentence: string; says: string };
