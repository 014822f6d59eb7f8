import type { DifferenceRow } from '../../../../shared/operations/configuration/history.ts';
import { Id, Text } from '../parts/text.tsx';
import { plural } from '../parts/words.ts';
import { refOf } from './use-configuration.ts';

type Field = DifferenceRow['fields'][number];
type Sides = { from: string; to: string };

// A source that is new has a field for each parameter of each mapping.
const openFieldsMax = 30;

/** Resources with what differs in them, field by field; `from` and `to` name the two sides. */
export function Differences({ changes, from, to }: Sides & { changes: readonly DifferenceRow[] }) {
  const isShort = changes.reduce((sum, { fields }) => sum + fields.length, 0) <= openFieldsMax;
  return (
    <ul className="differences">
      {changes.map((change) => (
        <li key={refOf(change)}>
          <details open={isShort || undefined}>
            <summary>
              <ChangeWord change={change.change} /> <Id>{refOf(change)}</Id>{' '}
              <span className="quiet">{plural(change.fields.length, 'field')}</span>
            </summary>
            <FieldChanges fields={change.fields} from={from} to={to} />
          </details>
        </li>
      ))}
    </ul>
  );
}

const signs = { added: '+', changed: '~', removed: '−' } as const;
const tones = { added: 'good', changed: 'warn', removed: 'bad' } as const;

export function ChangeWord({ change }: Pick<DifferenceRow, 'change'>) {
  return (
    <span className={`change-word ${tones[change]}`}>
      <span aria-hidden="true">{signs[change]}</span> {change}
    </span>
  );
}

/** Fields of one resource, or of settings: left as it was, right as it becomes. */
export function FieldChanges({ fields, from, to }: Sides & { fields: readonly Field[] }) {
  if (fields.length === 0) return <p className="quiet">No field differs.</p>;
  // A resource that is new or gone has one side.
  const isNew = fields.every(({ before }) => before === undefined);
  const isGone = fields.every(({ after }) => after === undefined);
  return (
    <table className="diff">
      <thead>
        <tr>
          <th scope="col">Field</th>
          {!isNew && <th scope="col">{from}</th>}
          {!isGone && <th scope="col">{to}</th>}
        </tr>
      </thead>
      <tbody>
        {fields.map((field) => (
          <tr key={field.path}>
            <th scope="row">
              <Text>{field.path}</Text>
            </th>
            {!isNew && <Side value={field.before} isGone={field.after === undefined} sign="−" label={from} />}
            {!isGone && <Side value={field.after} isGone={false} sign="+" label={to} />}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type SideProps = { value: unknown; isGone: boolean; sign: '−' | '+'; label: string };

function Side({ value, isGone, sign, label }: SideProps) {
  if (value === undefined)
    return (
      <td data-side={label}>
        <span className="quiet">not set</span>
      </td>
    );
  return (
    <td data-side={label} className={sign === '+' ? 'is-new' : isGone ? 'is-gone' : 'is-old'}>
      <span className="diff-sign">{sign}</span>
      <Text lines>{typeof value === 'string' && value !== '' ? value : JSON.stringify(value, null, 2)}</Text>
    </td>
  );
}
