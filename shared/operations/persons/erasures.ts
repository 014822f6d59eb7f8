import { allowAgain, type Erasure, listErasures, readErasure } from '../../adapters/dynamodb-erasures.ts';
import { redaction } from '../../core/json/redact-names.ts';
import type { Environment } from '../environment.ts';
import { failure, notFound, usageError } from '../refusal.ts';
import { iso, isoOrNull } from '../words/iso.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */
export type ErasureRow = {
  /** The hash of the person's id. */
  person: string;
  erased_at: string;
  author: string;
  reason: string;
  job: string;
  /** When the person was allowed again; null: they are refused. */
  allowed_at: string | null;
  allowed_by: string | null;
  allowed_reason: string | null;
};

function erasureRow(erasure: Erasure): ErasureRow {
  return {
    person: erasure.hash,
    erased_at: iso(erasure.erasedAtMs),
    author: erasure.author,
    reason: erasure.reason,
    job: erasure.job,
    allowed_at: isoOrNull(erasure.allowedAtMs),
    allowed_by: erasure.allowedBy ?? null,
    allowed_reason: erasure.allowedReason ?? null,
  };
}

/** Who was erased, newest first, by the hashes of their ids; one person's, if an id is given. */
export async function readErasures({ configuration }: Environment, id?: string): Promise<ErasureRow[]> {
  if (id === undefined) return (await listErasures(configuration)).map(erasureRow);
  const one = await readErasure(configuration, id);
  return one === undefined ? [] : [erasureRow(one)];
}

/**
 * Ends the refusal of a person who was erased: they may come in again, from nothing.
 * @throws Refusal when the person was not erased here, or is allowed already
 */
export async function allowPerson(
  environment: Environment,
  id: string,
  by: { author: string; reason: string; nowMs: number },
): Promise<void> {
  refuseNameIn(by.reason, { ids: [id], contacts: [] });
  const erasure = await readErasure(environment.configuration, id);
  if (erasure === undefined)
    throw notFound(
      `no person with this id was erased in ${environment.name}`,
      'npx signalbox person erasures lists them',
    );
  if (erasure.allowedAtMs !== undefined) throw failure('this person is allowed again already');
  await allowAgain(environment.configuration, erasure.hash, by);
}

/** Reasons are kept after the person is gone. */
export function refuseNameIn(reason: string, names: Parameters<typeof redaction>[0]): void {
  if (redaction(names).text(reason) === reason) return;
  throw usageError('the reason names the person, and it is kept for ever', 'name a ticket or a request instead');
}
