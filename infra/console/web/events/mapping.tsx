import type { ConsideredRow } from '../../../../shared/operations/events/event-row.ts';
import { JsonTree } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Text } from '../parts/text.tsx';
import { Go } from '../shell/go.tsx';

const verdicts: Record<Exclude<ConsideredRow['verdict'], 'runs'>, string> = {
  duplicate: 'it would have run, but the event is a copy',
  identify_disabled: 'identifying users is switched off',
  mapping_inactive: 'it is switched off',
  conditions_not_met: 'a condition does not hold',
  not_verified: 'the event is not verified',
};

/** A mapping that was considered: whether it ran, and what it made of the event. */
export function Mapping({
  mapping: { mapping, action, verdict, detail, conditions, parameters },
  source,
  event,
}: {
  mapping: ConsideredRow;
  source: string;
  event: string;
}) {
  return (
    <details className="inner" open={verdict !== 'runs' || parameters.length <= 6}>
      <summary>
        <Status tone={verdict === 'runs' ? 'good' : 'warn'}>{verdict === 'runs' ? 'runs' : 'does not run'}</Status>{' '}
        <strong>
          <Text>{mapping}</Text>
        </strong>{' '}
        <span className="quiet">
          <Text>{action}</Text>
          {verdict !== 'runs' && ` · ${verdicts[verdict]}`}
          {detail !== null && (
            <>
              {' · '}
              <Text>{detail}</Text>
            </>
          )}
        </span>
      </summary>
      <Conditions rows={conditions} />
      <Parameters rows={parameters} />
      <p>
        <Go to={['mappings', mapping]} search={{ source, event }}>
          Change it, and try it on this event
        </Go>
      </p>
    </details>
  );
}

/** `{ gte: 100 }` → `gte 100` */
const testText = (test: object) =>
  Object.entries(test)
    .map(([name, operand]) => `${name} ${JSON.stringify(operand)}`)
    .join(', ');

/** What a mapping asks of the event, and what was found. */
export function Conditions({ rows }: { rows: ConsideredRow['conditions'] }) {
  if (rows.length === 0) return null;
  return (
    <table className="pairs conditions">
      <caption>Conditions</caption>
      <tbody>
        {rows.map(({ path, test, found, holds, detail: unmet }) => (
          <tr key={`${path} ${JSON.stringify(test)}`} className={holds ? '' : 'bad'}>
            <th scope="row">
              <Text>{path}</Text>
            </th>
            <td>
              <Text>{testText(test)}</Text>
            </td>
            <td>
              {!holds && unmet !== null ? (
                <Text>{unmet}</Text>
              ) : (
                <>
                  {holds ? 'holds' : 'does not hold'}, found <Text>{JSON.stringify(found)}</Text>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What a mapping takes from the event. */
export function Parameters({ rows }: { rows: ConsideredRow['parameters'] }) {
  if (rows.length === 0) return null;
  return (
    <table className="pairs">
      <caption>Parameters</caption>
      <tbody>
        {rows.map(({ name, from, value, is_default }) => (
          <tr key={name}>
            <th scope="row">
              <Text>{name}</Text>
            </th>
            <td className="quiet">
              {is_default ? 'default' : <Text>{typeof from === 'string' ? from : JSON.stringify(from)}</Text>}
            </td>
            <td>
              <Value value={value} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Value({ value }: { value: unknown }) {
  if (value === null || typeof value !== 'object') return <Text>{JSON.stringify(value)}</Text>;
  return <JsonTree value={value} />;
}
