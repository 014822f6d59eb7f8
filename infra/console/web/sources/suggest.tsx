import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AddedSuggestion } from '../../../../shared/operations/mappings/add-suggestion.ts';
import { type Api, read } from '../client.ts';
import { CommitDialog } from '../configuration/commit-dialog.tsx';
import { Copy } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Text, visible } from '../parts/text.tsx';
import { Yaml } from '../parts/yaml.tsx';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';

type Asked = { source: string; type: string; action: string };

const readSuggestion = (api: Api, { source, type, action }: Asked) =>
  read(
    api.source[':key'].suggestion.$get({ param: { key: source }, query: { type, ...(action !== '' && { action }) } }),
  );
type Suggestion = Awaited<ReturnType<typeof readSuggestion>>;

type SuggestProps = {
  source: string;
  type: string;
  actions: readonly string[];
  onAdded(added: AddedSuggestion): void;
  onClose(): void;
};

/** A mapping to begin with for an event type that has none, made from a stored event. */
export function SuggestMapping({ source, type, actions, onAdded, onClose }: SuggestProps) {
  const { name, api, readOnly } = useEnvironment();
  const [action, setAction] = useState('');
  const { data, error } = useQuery({
    queryKey: [name, 'source', source, 'suggestion', type, action],
    queryFn: () => readSuggestion(api, { source, type, action }),
  });
  const shown = (
    <Shown
      source={source}
      suggestion={data}
      error={error}
      action={action === '' ? (data?.mapping.action ?? '') : action}
      actions={actions}
      onAction={setAction}
    />
  );
  const title = `A mapping for ${visible(type)}`;
  if (readOnly)
    return (
      <Dialog title={title} onClose={onClose} className="wide">
        <h2>
          A mapping for <Text>{type}</Text>
        </h2>
        {shown}
        <div className="buttons">
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </div>
      </Dialog>
    );
  return (
    <ChangeDialog
      title={title}
      verb="Add it to the file"
      wide
      disabled={data === undefined}
      change={(confirmed) =>
        read(
          api.source[':key'].suggestion.$post(
            { param: { key: source }, json: { type, event: data?.event_id, ...(action !== '' && { action }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={(added) => {
        onAdded(added);
        onClose();
      }}
    >
      {shown}
    </ChangeDialog>
  );
}

type ShownProps = {
  source: string;
  suggestion: Suggestion | undefined;
  error: Error | null;
  action: string;
  actions: readonly string[];
  onAction(action: string): void;
};

function Shown({ source, suggestion, error, action, actions, onAction }: ShownProps) {
  const chooser = (
    <div className="line">
      <label htmlFor="suggested-action">Its action</label>
      <select id="suggested-action" className="filter" value={action} onChange={({ target }) => onAction(target.value)}>
        {actions.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </div>
  );
  if (suggestion === undefined)
    return (
      <>
        {chooser}
        {error === null ? <Loading /> : <ProblemView error={error} />}
      </>
    );
  const { notes, yaml, event_id, type } = suggestion;
  return (
    <>
      {chooser}
      {notes.length > 0 && (
        <ul className="plain-list warn">
          {notes.map((note) => (
            <li key={note}>
              To check: <Text>{note}</Text>
            </li>
          ))}
        </ul>
      )}
      <Yaml text={yaml} what="The suggested mapping" />
      <p className="quiet">
        Made from{' '}
        <Go to={['events', event_id]} search={{ show: 'payload' }}>
          a stored event
        </Go>
        , whose values its comments quote. The mapping goes to the end of <code>sources/{source}.yaml</code>, without
        these comments, and is live after a commit.
      </p>
      <div className="line">
        <Copy text={yaml} what="the mapping">
          Copy
        </Copy>
        <Go to={['mappings', 'new']} search={{ source, type, event: event_id, action }} className="button">
          Open in the editor
        </Go>
      </div>
    </>
  );
}

type AddedProps = { source: string; added: AddedSuggestion; onCommitted(): void };

/** A mapping that was written and is not live yet: how to go on. */
export function AddedMapping({ source, added: { id, files }, onCommitted }: AddedProps) {
  const [isAsked, setAsked] = useState(false);
  return (
    <div className="now warn" role="status">
      <strong>
        Mapping <Id>{id}</Id> is written, and not live yet.
      </strong>
      {files.map((file) => (
        <div key={file}>
          <code className="text">
            <Text>{file}</Text>
          </code>
        </div>
      ))}
      <div className="line made">
        <button type="button" className="button primary" onClick={() => setAsked(true)}>
          Commit…
        </button>
        <Go to={['mappings', id]} search={{ source }} className="button">
          Edit it
        </Go>
      </div>
      {isAsked && (
        <CommitDialog
          of="files"
          message={`Add mapping ${id} to ${source}`}
          onClose={() => setAsked(false)}
          onDone={onCommitted}
        />
      )}
    </div>
  );
}
