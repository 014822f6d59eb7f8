import { useState } from 'react';
import type { MappingFile } from '../../../../shared/operations/mappings/editor/mapping-file.ts';
import { FileProblems, isAllowed, Objections } from '../configuration/objections.tsx';
import { ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';
import type { NotPushed } from './use-save.tsx';

type OtherProps = { theirs: MappingFile; onTake(): void; onKeep(): void };

/** Someone else wrote the file. Neither text is lost before the person says which one counts. */
export function ChangedOnDisk({ theirs, onTake, onKeep }: OtherProps) {
  return (
    <div className="now warn" role="alert">
      <p>
        <Text>{theirs.file}</Text> was changed on disk since you began. Saving would undo that.
      </p>
      <details>
        <summary>The file as it is now</summary>
        <pre className="raw">
          <Text lines>{theirs.text}</Text>
        </pre>
      </details>
      <div className="toolbar">
        <button type="button" className="button" onClick={onTake}>
          Take the file as it is
        </button>
        <button type="button" className="button" onClick={onKeep}>
          Keep my text
        </button>
        <span className="quiet">The editor’s undo brings your text back.</span>
      </div>
    </div>
  );
}

type DraftNoteProps = {
  /** The path of what was saved. */
  file: string;
  notPushed: NotPushed;
  /** Absent while it is being tried. */
  onPush: ((allowed: ReadonlySet<string>) => void) | undefined;
};

/** The file is saved, and the draft is not made: why, and the ways on. */
export function DraftNote({ file, notPushed, onPush }: DraftNoteProps) {
  const { name } = useEnvironment();
  const [allowed, setAllowed] = useState<ReadonlySet<string>>(new Set());
  const isReady = notPushed.kind !== 'refused' || isAllowed(notPushed.objections, allowed);
  return (
    <div className="now warn" role="alert">
      <p>
        <Text>{file}</Text> is saved and holds your text. The draft of {name} was not made of it:
      </p>
      {notPushed.kind === 'refused' && (
        <Objections objections={notPushed.objections} allowed={allowed} onAllow={setAllowed} />
      )}
      {notPushed.kind === 'files_with_errors' && (
        <FileProblems problems={notPushed.problems.filter(({ severity }) => severity === 'error')} />
      )}
      {notPushed.kind === 'failed' && <ProblemView error={notPushed.error} />}
      <div className="toolbar">
        <button
          type="button"
          className="button"
          disabled={!isReady || onPush === undefined}
          onClick={() => onPush?.(allowed)}
        >
          Make the draft
        </button>
        <Go to={['configuration']} className="button">
          Compare with what is live
        </Go>
        <span className="quiet">After a pull into your files, the editor’s undo brings your text back.</span>
      </div>
    </div>
  );
}

type Problem = { severity: 'error' | 'warning'; line?: number; column?: number; path: string; message: string };

/** What is wrong with the text; each leads to its place. */
export function Problems({
  problems,
  onGo,
}: {
  problems: readonly Problem[];
  onGo(line: number, column: number): void;
}) {
  if (problems.length === 0) return null;
  return (
    <ul className="text-problems" aria-label="Problems">
      {problems.map(({ severity, line = 1, column = 1, path, message }) => (
        <li key={`${line}:${column} ${path} ${message}`} className={severity === 'error' ? 'bad' : 'warn'}>
          <button type="button" className="plain" onClick={() => onGo(line, column)}>
            {line}:{column}
          </button>{' '}
          <span>
            {severity}: <Text>{path === '' ? message : `${path} ${message}`}</Text>
          </span>
        </li>
      ))}
    </ul>
  );
}
