import { iso, isoOrNull } from '../words/iso.ts';
import type { ListedSecret } from './secret-store.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

export type SecretRow = {
  name: string;
  /** The number of active values. Null: other means set them, and only reading them would tell. */
  values: number | null;
  /** When each was set, newest first; null if unknown. */
  set_at: (string | null)[];
  changed_at: string | null;
  /** A day: `2026-11-21`. Reads of this tool count as well. */
  last_used_on: string | null;
  /** A day, for which its deletion is scheduled: it cannot be used until it is restored. */
  deleted_on: string | null;
};

export function secretRow({ name, setAtMs, changedAtMs, lastUsedOnMs, deletedOnMs }: ListedSecret): SecretRow {
  return {
    name,
    values: setAtMs?.length ?? null,
    set_at: setAtMs?.map(isoOrNull) ?? [],
    changed_at: isoOrNull(changedAtMs),
    last_used_on: lastUsedOnMs === undefined ? null : iso(lastUsedOnMs).slice(0, 10),
    deleted_on: deletedOnMs === undefined ? null : iso(deletedOnMs).slice(0, 10),
  };
}
