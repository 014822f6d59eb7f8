import { Copy } from './copy.tsx';
import { Text } from './text.tsx';

/** What would be right; a command can be copied. */
export function Remedies({ remedies }: { remedies: readonly string[] }) {
  if (remedies.length === 0) return null;
  return (
    <ul>
      {remedies.map((remedy) => (
        <li key={remedy}>
          <Text>{remedy}</Text>
          {remedy.startsWith('npx ') && <Copy text={remedy} what="the command" />}
        </li>
      ))}
    </ul>
  );
}
