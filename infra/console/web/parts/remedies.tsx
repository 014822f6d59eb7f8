import { Copy } from './copy.tsx';
import { Text } from './text.tsx';

/** What would be right; a command can be copied. */
export function Remedies({ remedies }: { remedies: readonly string[] }) {
  if (remedies.length === 0) return null;
  return (
    <ul>
      {remedies.map((remedy) => (
        <li key={remedy}>
          {remedy.startsWith('npx ') ? (
            <>
              <code className="command">
                <Text>{remedy}</Text>
              </code>{' '}
              <Copy text={remedy} what="the command" />
            </>
          ) : (
            <Text>{remedy}</Text>
          )}
        </li>
      ))}
    </ul>
  );
}
