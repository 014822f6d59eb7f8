import { Empty } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { plural, quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';
import { useSession } from '../shell/session.tsx';
import { Differences, FieldChanges } from './differences.tsx';
import { FileProblems } from './objections.tsx';
import { withoutAddress } from './promote-dialog.tsx';
import { type Configuration, refOf } from './use-configuration.ts';

type NowProps = { state: Configuration; onAsk: ((what: 'push' | 'commit' | 'commit-files') => void) | undefined };

/** Files, draft and live content of this environment, and what differs between them. */
export function Now({ state, onAsk }: NowProps) {
  const { name } = useEnvironment();
  const { environments } = useSession();
  const { live, draft, files, takes_commits, below } = state;
  return (
    <>
      <Stations state={state} />
      {!takes_commits && (
        <p className="quiet">
          Content comes here by promotion from {below}. What is edited in the files goes live there first.
          {below !== null && !environments.includes(below) && (
            <>
              {' '}
              This console does not know {below}:{' '}
              <code className="command">
                npx signalbox console -e {quoted(name)} --also {quoted(below)}
              </code>
            </>
          )}
        </p>
      )}
      {live === null && files === null && draft === null && (
        <Empty title="Nothing was committed here yet">
          {takes_commits ? (
            <>
              <p>Start the console in a checkout of the configuration, or commit from there.</p>
              <code className="command">npx signalbox config push --commit</code>
            </>
          ) : (
            <>
              <p>Promote what is live in {below}.</p>
              <code className="command">npx signalbox config promote --to {quoted(name)}</code>
            </>
          )}
        </Empty>
      )}
      {files !== null && files.problems.length > 0 && (
        <section className="part" aria-label="Problems of files">
          <h2>Problems of files</h2>
          {files.problems.some(({ severity }) => severity === 'error') && (
            <p className="quiet">While a file has an error, none is saved or compared.</p>
          )}
          <FileProblems problems={files.problems} />
        </section>
      )}
      {takes_commits && draft !== null && <Draft state={state} draft={draft} onAsk={onAsk} />}
      {takes_commits && files !== null && files.unsaved.length > 0 && (
        <section className="part" aria-label="Files that are not saved">
          <div className="part-head">
            <h2>{draft === null ? 'In the files, and not live' : 'In the files, and not in the draft'}</h2>
            <span className="grow" />
            {onAsk && (
              <>
                <button type="button" className="button" onClick={() => onAsk('push')}>
                  Save as draft…
                </button>
                <button type="button" className="button primary" onClick={() => onAsk('commit-files')}>
                  Commit the files…
                </button>
              </>
            )}
          </div>
          <Differences changes={files.unsaved} from={draft === null ? 'Live' : 'Draft'} to="Files" />
        </section>
      )}
      {files !== null && files.drift.length > 0 && (
        <section className="part" aria-label="Settings">
          <h2>Settings that differ from environments/{name}.yaml</h2>
          <p className="quiet">
            That file is what a new environment starts with. Settings are switched here, and every push keeps them.
          </p>
          <FieldChanges fields={files.drift} from="File" to="Runs" />
        </section>
      )}
    </>
  );
}

type Opened = NonNullable<Configuration['draft']>;

function Draft({ state: { author, live }, draft, onAsk }: NowProps & { draft: Opened }) {
  const isOwn = draft.author === author;
  const behind = (live?.version ?? 0) - draft.base_version;
  return (
    <section className="part" aria-label="Draft">
      <div className="part-head">
        <h2>The draft, not live</h2>
        <span className="quiet grow">
          by {isOwn ? 'you' : <Text>{draft.author}</Text>}, <Ago iso={draft.updated_at} />, on version{' '}
          {draft.base_version}
          {behind > 0 && `, ${plural(behind, 'version')} ago`}
        </span>
        {onAsk && (
          <button type="button" className="button primary" onClick={() => onAsk('commit')}>
            Commit the draft…
          </button>
        )}
      </div>
      {draft.overtaken.length > 0 && (
        <p className="warn">Others committed {draft.overtaken.map(refOf).join(', ')} after it was saved.</p>
      )}
      <Differences changes={draft.changes} from="Live" to="Draft" />
    </section>
  );
}

/** The way of a change: from files by way of a draft to what is live, and on to the next environment. */
function Stations({ state: { live, draft, files, takes_commits, below, above } }: Pick<NowProps, 'state'>) {
  const { name } = useEnvironment();
  const errors = files?.problems.filter(({ severity }) => severity === 'error').length ?? 0;
  return (
    <ol className="pipeline" aria-label="The way of a change">
      {takes_commits ? (
        <>
          <li>
            <h3>Files</h3>
            {files === null ? (
              <p className="quiet">this console has none: start it with --dir</p>
            ) : (
              <>
                <p className="station">
                  {errors > 0 ? (
                    <span className="bad">▲ {plural(errors, 'error')}</span>
                  ) : files.unsaved.length > 0 ? (
                    <span className="warn">
                      ◆ {plural(files.unsaved.length, 'resource')} not {draft === null ? 'live' : 'in the draft'}
                    </span>
                  ) : (
                    `same as ${draft === null ? 'live' : 'the draft'}`
                  )}
                </p>
                <p className="quiet clamped">
                  <Text>{files.directory}</Text>
                </p>
              </>
            )}
          </li>
          <li>
            <h3>Draft</h3>
            {draft === null ? (
              <p className="station quiet">none</p>
            ) : (
              <>
                <p className="station warn">◆ {plural(draft.changes.length, 'resource')} not live</p>
                <p className="quiet clamped">
                  <Text>{withoutAddress(draft.author)}</Text>, <Ago iso={draft.updated_at} />
                </p>
              </>
            )}
          </li>
        </>
      ) : (
        <li>
          <h3>{below}</h3>
          <p className="station quiet">comes from there</p>
        </li>
      )}
      <li>
        <h3>Live in {name}</h3>
        {live === null ? (
          <p className="station quiet">nothing yet</p>
        ) : (
          <>
            <p className="station">
              <Go to={['configuration']} search={{ show: 'log', commit: live.id }}>
                version {live.version}
              </Go>
            </p>
            <p className="quiet clamped">
              <Text>{withoutAddress(live.author)}</Text>, <Ago iso={live.created_at} />: <Text>{live.message}</Text>
            </p>
          </>
        )}
      </li>
      {above !== null && (
        <li>
          <h3>{above}</h3>
          <p className="station">
            <Go to={['configuration']} search={{ show: 'matrix' }}>
              compare
            </Go>
          </p>
          <p className="quiet">by promotion</p>
        </li>
      )}
    </ol>
  );
}
