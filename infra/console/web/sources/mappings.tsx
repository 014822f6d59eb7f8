import { Status } from '../parts/status.tsx';
import { Text } from '../parts/text.tsx';
import { Go } from '../shell/go.tsx';

export type MappingRow = { id: string; event: string; action: string; active: boolean };

type MappingsProps = {
  source: string;
  rows: MappingRow[];
  onSwitch: ((mapping: MappingRow) => void) | undefined;
};

export function Mappings({ source, rows, onSwitch }: MappingsProps) {
  return (
    <section className="part" aria-label="Mappings">
      <h2>Mappings</h2>
      {rows.length === 0 ? (
        <p className="quiet">Its events run nothing yet. A mapping says which event runs which action.</p>
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Mapping</th>
              <th scope="col">Event</th>
              <th scope="col" className="wide-only">
                Action
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((mapping) => (
              <tr key={mapping.id}>
                <td>
                  <Go to={['mappings', mapping.id]} search={{ source }}>
                    <Text>{mapping.id}</Text>
                  </Go>
                </td>
                <td>
                  <Go to={['events']} search={{ source, mapping: mapping.id }}>
                    <Text>{mapping.event}</Text>
                  </Go>
                </td>
                <td className="wide-only">
                  <Text>{mapping.action}</Text>
                </td>
                <td>
                  <Status tone={mapping.active ? 'good' : 'warn'}>{mapping.active ? 'on' : 'off'}</Status>
                  {onSwitch !== undefined && (
                    <button
                      type="button"
                      className="plain"
                      aria-label={`Switch ${mapping.active ? 'off' : 'on'} ${mapping.id}`}
                      onClick={() => onSwitch(mapping)}
                    >
                      {mapping.active ? 'Switch off…' : 'Switch on…'}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
