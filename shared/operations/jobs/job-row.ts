import type { JsonObject } from '../../core/json/values.ts';
import type { Job } from './jobs.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */
export type JobRow = {
  id: string;
  kind: Job['kind'];
  state: Job['state'];
  author: string;
  reason: string | null;
  request: JsonObject;
  total: number;
  counts: Record<string, number>;
  created_at: string;
  updated_at: string;
};

export function jobRow({ id, kind, state, author, reason, request, total, counts, createdAt, updatedAt }: Job): JobRow {
  return {
    id,
    kind,
    state,
    author,
    reason: reason ?? null,
    request,
    total,
    counts,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}
