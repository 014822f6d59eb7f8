import { Id, Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { count, plural } from '../parts/words.ts';

type Preview = {
  matching: number;
  /** Fewer than match: only the oldest were looked at. */
  looked_at: number;
  since: string;
  until: string;
  skipped: readonly { detail: string; count: number; example: string }[];
  sample: readonly { event_id: string; detail: string }[];
};

type MatchingPreviewProps = {
  preview: Preview;
  noun: string;
  nouns?: string;
  /** What would be done with those that were looked at. */
  children: React.ReactNode;
};

/** What a bulk action would do with all that a search finds. */
export function MatchingPreview({ preview, noun, nouns, children }: MatchingPreviewProps) {
  const { matching, looked_at, since, until, skipped, sample } = preview;
  return (
    <div>
      <p>
        {plural(matching, noun, nouns)} {matching === 1 ? 'matches' : 'match'}, from <Time iso={since} dated /> to{' '}
        <Time iso={until} dated />.{looked_at < matching && ` The oldest ${count(looked_at)} were looked at:`}
      </p>
      <p>{children}</p>
      {skipped.map(({ detail, count: times, example }) => (
        <p key={detail} className="quiet">
          {count(times)} would not: each <Text>{detail}</Text> (<Id>{example}</Id>)
        </p>
      ))}
      {sample.length > 0 && (
        <ul className="preview">
          {sample.map(({ event_id, detail }) => (
            <li key={event_id}>
              <Id>{event_id}</Id> <Text>{detail}</Text>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
