import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { read } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { useToast } from '../parts/toast.tsx';
import { plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Differences } from './differences.tsx';
import type { Configuration } from './use-configuration.ts';

const words = { create: 'created', rewrite: 'changed', remove: 'removed' } as const;

/** Writes what is live into the files of the checkout. */
export function PullDialog({ files, onClose }: { files: Configuration['files']; onClose(): void }) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const [remove, setRemove] = useState(false);
  const { pull } = api.configuration;
  const { data, error } = useQuery({
    queryKey: [name, 'configuration', 'pull'],
    queryFn: () => read(pull['dry-run'].$post({ json: {} })),
    gcTime: 0,
    staleTime: 0,
  });
  const gone = data?.files.filter(({ change }) => change === 'remove').length ?? 0;
  const written = (data?.files.length ?? 0) - (remove ? 0 : gone);
  return (
    <ChangeDialog
      title={`Write what is live in ${name} into the files`}
      verb={`Write ${plural(written, 'file')}`}
      wide
      changes="files"
      danger={remove && gone > 0}
      disabled={written === 0}
      change={(confirmed) => read(pull.$post({ json: { remove } }, confirmed))}
      onClose={onClose}
      onDone={({ done, kept }) => {
        toast(`${plural(done.length, 'file')} written${kept.length === 0 ? '' : `, ${kept.length} kept`}`);
        onClose();
      }}
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && data.files.length === 0 && (
        <p>The files have the content of version {data.version} already.</p>
      )}
      {data !== undefined && data.files.length > 0 && (
        <>
          <p>
            Comments and format of what stays the same are kept. The files are in git: it shows each line that changed.
          </p>
          <ul className="preview" aria-label="Files">
            {data.files.map(({ file, change }) => (
              <li key={file}>
                <span className="change-word">{words[change]}</span>
                <code>
                  <Text>{file}</Text>
                </code>
              </li>
            ))}
          </ul>
          {files !== null && files.changes.length > 0 && (
            <details>
              <summary>What differs, field by field</summary>
              <div className="planned">
                <Differences changes={files.changes} from="Live" to="Files" />
              </div>
            </details>
          )}
          {gone > 0 && (
            <label className="check">
              <input type="checkbox" checked={remove} onChange={({ target }) => setRemove(target.checked)} />
              <span>Also remove {plural(gone, 'file')} of what is not live</span>
            </label>
          )}
          {data.draft.length > 0 && (
            <p className="quiet">Not in the files afterwards: the draft of {data.draft.join(', ')}.</p>
          )}
        </>
      )}
    </ChangeDialog>
  );
}
