import { useQuery } from '@tanstack/react-query';
import { read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Text } from '../parts/text.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';
import { Differences } from './differences.tsx';

type CellProps = { resource: string; from: string; to: string; onClose(): void };

/** One resource on two sides, field by field: the left column as it would go right. */
export function CellDialog({ resource, from, to, onClose }: CellProps) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'configuration', 'compare', resource, from, to],
    queryFn: () => read(api.configuration.compare.$get({ query: { from: to, to: from, resource } })),
    gcTime: 0,
  });
  const [type = '', key = ''] = resource.split('/');
  const command = `npx signalbox config diff --from ${quoted(to)} --to ${quoted(from)}`;
  return (
    <Dialog title={`${resource}: ${to} and ${from}`} onClose={onClose} className="wide">
      <h2>
        <Id>{resource}</Id>: {to} compared with {from}
      </h2>
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined &&
        (data.changes.length === 0 ? (
          <p>Both have the same content.</p>
        ) : (
          <div className="planned">
            <Differences changes={data.changes} from={to} to={from} />
          </div>
        ))}
      <p className="links">
        {(type === 'source' || type === 'workflow') && (
          <Go to={[type === 'source' ? 'sources' : 'workflows', key]}>The {type}</Go>
        )}
        <Go to={['configuration']} search={{ show: 'log', resource }}>
          Its changes
        </Go>
      </p>
      <div className="buttons">
        <code className="command">
          <Text>{command}</Text>
        </code>
        <Copy text={command} what="the command" />
        <span className="grow" />
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
