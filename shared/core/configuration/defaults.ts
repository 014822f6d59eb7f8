import type { SourceFile, SourceState } from './schema.ts';

// What the schemas make of a file that says no more than it must. Functions read content that was
// checked before its commit, so they need these alone and are deployed without the schemas.

/** A source's state in an environment where it was never set. */
export const defaultSourceState: SourceState = {
  enabled: true,
  verification: {},
  idempotency: {},
  inactive_mappings: [],
  url: { generation: 1, previous_valid: false },
};

/** The file of a source that says only what it is and how it is called. */
export function plainSourceFile(kind: string, name: string): SourceFile {
  return { kind, name, redact: [], headers: [], mappings: [] };
}
