import { useState } from 'react';
import type { PlannedFile } from '../../../../shared/operations/sources/new-source.ts';
import { read } from '../client.ts';
import { Text } from '../parts/text.tsx';
import { useToast } from '../parts/toast.tsx';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import type { SourceRequest } from './wanted.ts';

type AddProps = {
  /** The kind's title. */
  kind: string;
  request: SourceRequest;
  files: readonly PlannedFile[];
  onAdded(key: string): void;
  onClose(): void;
};

/** Writes the files of a new source and makes them live. */
export function AddSource({ kind, request, files, onAdded, onClose }: AddProps) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const [message, setMessage] = useState(`Add ${kind} as source ${request.key}`);
  return (
    <ChangeDialog
      title={`Add source ${request.key}`}
      verb="Write and commit"
      disabled={message.trim() === ''}
      change={(confirmed) => read(api['new-source'].$post({ json: { ...request, message } as never }, confirmed))}
      onClose={onClose}
      onDone={({ key, version }) => {
        toast(`${key} is live in ${name} from version ${version}`);
        onAdded(key);
      }}
    >
      <p>These files are new in your checkout, where git sees them:</p>
      <ul className="plain-list">
        {files.map(({ path }) => (
          <li key={path}>
            <code className="text">
              <Text>{path}</Text>
            </code>
          </li>
        ))}
      </ul>
      <p>They go live in {name} at once. Nothing else of your files or of the draft does.</p>
      <div className="field">
        <label htmlFor="add-message">What the change is for</label>
        <input
          id="add-message"
          value={message}
          maxLength={1_000}
          autoComplete="off"
          onChange={({ target }) => setMessage(target.value)}
        />
      </div>
    </ChangeDialog>
  );
}
