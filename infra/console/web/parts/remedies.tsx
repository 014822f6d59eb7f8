import { Copy } from './copy.tsx';
import { Text } from './text.tsx';

/** What would be right; a command can be copied. */
export function Remedies({ remedies }: { remedies: readonly string[] }) {
  if (remedies.length === 0) return null;
  return (
    <ul>
      {remedies.map((remedy) => {
        const [command, rest] = partsOf(remedy);
        return (
          <li key={remedy}>
            {command !== '' && (
              <>
                <code className="command">
                  <Text>{command}</Text>
                </code>
                <Copy text={command} what="the command" />
              </>
            )}
            <Text>{rest}</Text>
          </li>
        );
      })}
    </ul>
  );
}

/** `npx signalbox keys list shows the ids`: a command, and what it is for. */
function partsOf(remedy: string): [command: string, rest: string] {
  if (!remedy.startsWith('npx ')) return ['', remedy];
  const [, command = remedy, rest = ''] =
    /^(.+)( (?:shows|lists|says|prints|rejects) .+)$/.exec(remedy) ?? /^(.+)(, for .+)$/.exec(remedy) ?? [];
  return [command, rest];
}
