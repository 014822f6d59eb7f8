import type { ComparedText } from '../../../../shared/operations/mappings/editor/compare-text.ts';
import { EventLink } from '../events/link.tsx';
import { Text } from '../parts/text.tsx';
import { count, plural } from '../parts/words.ts';

const ends: Record<ComparedText['ended'], string> = {
  enough: '',
  no_more: ' There are no more of the last three days.',
  rows_max: ' Events before those were not looked at.',
  stopped: ' It took too long, so the others were not compared.',
};

/** How many of the last events a text changes, by kind of change. */
export function Comparison({ compared }: { compared: ComparedText }) {
  const { groups, changed, compared: total, unreadable, ended } = compared;
  return (
    <>
      <p>
        {total === 0 ? (
          <span className="quiet">No event of this type came yet, so there is nothing to compare.</span>
        ) : (
          <>
            <strong className={changed > 0 ? 'warn' : 'good'}>
              {changed === 0 ? 'Nothing' : plural(changed, 'event')} would change
            </strong>{' '}
            {changed === 0 ? 'for' : 'of'} the last{' '}
            {total === 1 ? (changed === 0 ? 'event' : 'one') : plural(total, 'event')} of{' '}
            <Text>{compared.type ?? 'any type'}</Text>.<span className="quiet">{ends[ended]}</span>
          </>
        )}
        {unreadable.length > 0 && (
          <span className="warn"> {plural(unreadable.length, 'event')} could not be read.</span>
        )}
      </p>
      {groups.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col" className="right">
                Events
              </th>
              <th scope="col">What changes</th>
              <th scope="col">For example</th>
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <tr key={`${group.said} ${group.before} ${group.after}`}>
                <td className="right">{count(group.count)}</td>
                <td>
                  <Text>{group.said}</Text>
                </td>
                <td>
                  {group.examples.map((id) => (
                    <span key={id} className="sent-id">
                      <EventLink id={id} />
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
