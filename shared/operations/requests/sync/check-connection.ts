import type { FoundSource } from '../../../core/live/destination-source.ts';
import type { RequestPorts } from '../request.ts';

/**
 * Whether a sync would work here: the tables answer, something was committed, and the source of the
 * records is clear and switched on.
 * @returns what is wrong, as a sentence for the person who presses the vendor's button; undefined if
 * nothing is
 * @throws RetryableError when a table is throttled or unavailable
 */
export async function checkConnection(
  found: FoundSource,
  { configuration, directory, environment }: Pick<RequestPorts, 'configuration' | 'directory' | 'environment'>,
): Promise<string | undefined> {
  const [{ uncommitted }] = await Promise.all([configuration(), directory.readEach([{ kind: 'user', id: 'anyone' }])]);
  if (uncommitted) return `${environment} has no configuration yet; commit one: npx signalbox config push --commit`;
  if (found.kind === 'problem') return found.problem;
  const { key, settings } = found.source;
  return settings.enabled ? undefined : `the source ${key} is switched off in ${environment}`;
}
