import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { Yaml } from '../parts/yaml.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';

type SuggestProps = { source: string; type: string; actions: readonly string[]; onClose(): void };

/** A mapping to begin with for an event type that has none, made from a stored event. */
export function SuggestMapping({ source, type, actions, onClose }: SuggestProps) {
  const { name, api } = useEnvironment();
  const [action, setAction] = useState('');
  const { data, error } = useQuery({
    queryKey: [name, 'source', source, 'suggestion', type, action],
    queryFn: () =>
      read(
        api.source[':key'].suggestion.$get({
          param: { key: source },
          query: { type, ...(action !== '' && { action }) },
        }),
      ),
  });
  return (
    <Dialog title={`A mapping for ${type}`} onClose={onClose} className="wide">
      <h2>
        A mapping for <Text>{type}</Text>
      </h2>
      <div className="line">
        <label htmlFor="suggested-action">Its action</label>
        <select
          id="suggested-action"
          className="filter"
          value={action === '' ? (data?.mapping.action ?? '') : action}
          onChange={({ target }) => setAction(target.value)}
        >
          {actions.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </div>
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ProblemView error={error} />
        )
      ) : (
        <>
          {data.notes.length > 0 && (
            <ul className="plain-list warn">
              {data.notes.map((note) => (
                <li key={note}>
                  To check: <Text>{note}</Text>
                </li>
              ))}
            </ul>
          )}
          <Yaml text={data.yaml} what="The suggested mapping" />
          <p className="quiet">
            Made from{' '}
            <Go to={['events', data.event_id]} search={{ show: 'payload' }}>
              a stored event
            </Go>
            , whose values its comments quote. It belongs under <code>mappings:</code> in{' '}
            <code>infra/config/sources/{source}.yaml</code>.
          </p>
          <div className="buttons">
            <button type="button" className="button" onClick={onClose}>
              Close
            </button>
            <Copy text={data.yaml} what="the mapping">
              Copy
            </Copy>
            <Go
              to={['mappings', 'new']}
              search={{ source, type, event: data.event_id, action: data.mapping.action }}
              className="button primary"
            >
              Write it into the file
            </Go>
          </div>
        </>
      )}
    </Dialog>
  );
}
