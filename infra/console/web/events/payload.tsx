import { useState } from 'react';
import type { EventDetailRow } from '../../../../shared/operations/events/event-row.ts';
import { Copy } from '../parts/copy.tsx';
import { JsonTree } from '../parts/json.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { quoted } from '../parts/words.ts';

/** The event as it was sent. */
export function Payload({ detail, error }: { detail: EventDetailRow | undefined; error: unknown }) {
  const [isRaw, setRaw] = useState(false);
  if (error !== null && detail === undefined) return <ProblemView error={error} />;
  if (detail === undefined) return <Loading />;
  if (detail.event === null) return <Empty title="The payload cannot be read" />;
  const parsed = parsedOf(detail.event);
  return (
    <section>
      <div className="toolbar">
        <label className="check">
          <input
            type="checkbox"
            checked={isRaw || parsed === undefined}
            disabled={parsed === undefined}
            onChange={() => setRaw(!isRaw)}
          />
          as received, to the last digit
        </label>
        <Copy text={detail.event} what="the payload">
          Copy
        </Copy>
      </div>
      {isRaw || parsed === undefined ? (
        <pre className="raw">
          <Text lines>{detail.event}</Text>
        </pre>
      ) : (
        <JsonTree value={parsed.value} />
      )}
    </section>
  );
}

function parsedOf(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

export function Headers({ headers }: { headers: Record<string, string> }) {
  const all = Object.entries(headers);
  if (all.length === 0) return <Empty title="No headers were kept" />;
  return (
    <table className="pairs headers">
      <tbody>
        {all.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              <Text>{name}</Text>
            </th>
            <td>
              <Text>{value}</Text>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** For a test of one's own, or a terminal. */
export function CopyAs({ detail: { event, headers, source } }: { detail: EventDetailRow }) {
  if (event === null) return null;
  return (
    <>
      <Copy text={event} what="the event as a fixture">
        Copy as fixture
      </Copy>
      <Copy text={curlOf(event, headers, source)} what="a curl command">
        Copy as curl
      </Copy>
    </>
  );
}

/** The URL holds a credential, so it is a variable here. */
function curlOf(event: string, headers: Record<string, string>, source: string): string {
  const options = Object.entries(headers)
    .filter(([name]) => !/^(host|content-length|user-agent|x-forwarded-.*|via)$/i.test(name))
    .map(([name, value]) => ` -H ${quoted(`${name}: ${value}`)}`);
  return `# npx signalbox sources show ${quoted(source)} prints the URL\ncurl -sS "$SIGNALBOX_URL"${options.join('')} --data-binary ${quoted(event)}`;
}
