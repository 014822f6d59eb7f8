import type { KnownSource } from '../../sources/known-sources.ts';
import { type Comparison, compareEach } from '../compare-last.ts';
import { describeChange } from '../describe-change.ts';
import { candidateOfFiles } from '../files-candidate.ts';
import { lastEvents } from './last-events.ts';
import { filesWith, type TryText } from './try-text.ts';

export type ComparedText = Omit<Comparison, 'groups'> & { groups: (Comparison['groups'][number] & { said: string })[] };

/** How many events the editor compares. */
export const comparedLast = 50;
/** An expression may take half a second for each of them. */
const comparisonMsMax = 10_000;

/**
 * What a text would change for the last events of a type: the counts of `mapping test --last`.
 * @returns undefined while the text has errors
 */
export async function compareText(
  { environment, live, nowMs, ...written }: TryText,
  { source, type, isGone }: { source: KnownSource; type: string; isGone(): boolean },
): Promise<ComparedText | undefined> {
  const { files, isWrong } = filesWith(written);
  if (isWrong) return undefined;
  const { entries, ...read } = await lastEvents(environment, source, { type, last: comparedLast, nowMs });
  const startedMs = performance.now();
  const comparison = await compareEach(entries, {
    source,
    eventType: type,
    last: comparedLast,
    rowsMax: comparedLast,
    live,
    draft: candidateOfFiles(environment, live, files).configuration,
    environment: environment.name,
    nowMs,
    isOver: () => isGone() || performance.now() - startedMs > comparisonMsMax,
  });
  const groups = comparison.groups.map((group) => ({ ...group, said: describeChange(group) }));
  return { ...comparison, ...(comparison.ended !== 'stopped' && read), groups };
}
