import { JsonTree } from '../parts/json.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';

type PropertiesProps = {
  /** By name; those that are null were never given. */
  values: Record<string, unknown>;
  /** When each was last written, by the clock of its source. */
  times: Record<string, string>;
};

/** What is known of a user, an object or a tenant, and since when at its source. */
export function Properties({ values, times }: PropertiesProps) {
  const known = Object.entries(values).filter(([, value]) => !isEmpty(value));
  return (
    <section className="part" aria-label="Properties">
      <h2>Properties</h2>
      {known.length === 0 && <p className="quiet">It has none.</p>}
      {known.length > 0 && (
        <table className="list properties">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Value</th>
              <th scope="col" title="When it was last written, by the clock of its source">
                As of
              </th>
            </tr>
          </thead>
          <tbody>
            {known.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">
                  <Text>{name}</Text>
                </th>
                <td>{typeof value === 'string' ? <Text lines>{value}</Text> : <JsonTree value={value} />}</td>
                <td className="quiet">{times[name] !== undefined && <Time iso={times[name]} dated />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Null, or a map of which nothing is known. */
function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value as object).length === 0);
}
