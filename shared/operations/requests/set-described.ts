import type { Named } from '../../core/actions/parts/identify-inline.ts';
import { prepareWrite } from '../../core/directory/entity-write.ts';
import { type Upserted, upsertEntities } from '../../core/directory/upsert-entities.ts';
import { type FieldError, RetryableError } from '../../core/errors.ts';
import type { ActionWarning } from '../../core/logs/action-log-entry.ts';
import { newestTimeMs } from './remembering-directory.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

/** So that the clock is looked at now and then. */
const chunkSize = 250;

/**
 * Sets many users that a request describes, with one read each, and one write where anything
 * changes. Each is set as of the request, or as of the next moment after what is known of it.
 * Users who were erased are left out.
 * @returns `errors` for those that the directory cannot hold; the others are set
 * @throws RetryableError when a table is throttled or unavailable, or the time did not suffice; a
 * repeated request goes on where this one stopped
 */
export async function setDescribed(
  named: Named[],
  { receivedAtMs, deadlineMs }: ApiRequest,
  { configuration, directory, nowMs }: Pick<RequestPorts, 'configuration' | 'directory' | 'nowMs'>,
): Promise<{ errors: FieldError[]; warnings: ActionWarning[] }> {
  const errors: FieldError[] = [];
  const warnings: ActionWarning[] = [];
  const { erased } = await configuration();
  const described = named.filter(({ recipient: { ref } }) => ref.kind !== 'user' || !erased?.has(ref.id));
  const set = async (chunk: Named[], timesMs: number[]) => {
    const prepared = chunk.map(({ recipient: { ref, given } }, i) =>
      prepareWrite(ref, given, {}, timesMs[i] ?? receivedAtMs),
    );
    const writes = prepared.map(({ write }) => write);
    return { prepared, upserted: await upsertEntities(writes, directory, nowMs()) };
  };
  for (let from = 0; from < described.length; from += chunkSize) {
    if (nowMs() > deadlineMs) throw new RetryableError('not all users are set; send the request again');
    const chunk = described.slice(from, from + chunkSize);
    const { prepared, upserted } = await set(chunk, []);
    warnings.push(...prepared.flatMap((one) => one.warnings));
    const late = chunk.filter((_, i) => isLate(upserted[i]));
    const stored = late.length === 0 ? [] : await directory.readStoredEach(late.map(({ recipient }) => recipient.ref));
    const again = await set(
      late,
      stored.map((one) => newestTimeMs(one) + 1),
    );
    for (const [i, { field }] of [...chunk, ...late].entries()) {
      const answer = [...upserted, ...again.upserted][i];
      if (answer?.kind === 'refused') errors.push({ field, message: answer.message });
    }
  }
  return { errors, warnings };
}

/** Something later was known of it: a sender's clock is ahead, or it was deleted this millisecond. */
function isLate(answer: Upserted | undefined): boolean {
  return answer?.kind === 'deleted' || (answer?.kind === 'upserted' && answer.kept.length > 0);
}
