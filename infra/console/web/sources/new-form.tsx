import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { AddPlan } from '../../../../shared/operations/sources/add-source.ts';
import type { KindRow } from '../../../../shared/operations/sources/kind-row.ts';
import { read } from '../client.ts';
import { CommitDialog } from '../configuration/commit-dialog.tsx';
import { ProblemView } from '../parts/problem.tsx';
import { Remedies } from '../parts/remedies.tsx';
import { Text } from '../parts/text.tsx';
import { sentence } from '../parts/words.ts';
import { Yaml } from '../parts/yaml.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, useGo } from '../shell/go.tsx';
import { AddSource } from './add.tsx';
import { proofOf } from './proof.ts';
import { headerByDefault, requestOf, takesHeader, useWanted, verifications, type Wanted } from './wanted.ts';

type FormProps = { kind: KindRow; taken: readonly string[]; directory: string };

/** A new source of one kind: what it is called, what its events do, and the files that are written. */
export function NewSourceForm({ kind, taken, directory }: FormProps) {
  const { name, api } = useEnvironment();
  const go = useGo();
  const queries = useQueryClient();
  const { wanted, settled, change } = useWanted(kind, taken);
  const [asked, setAsked] = useState<'add' | 'commit'>();
  const request = requestOf(kind, settled);
  const plan = useQuery({
    queryKey: [name, 'new-source', 'plan', request],
    queryFn: () => read(api['new-source']['dry-run'].$post({ json: request as never })) as Promise<AddPlan>,
    // What was shown stays until the next is here: nothing jumps while a person types.
    placeholderData: (before: AddPlan | undefined) => before,
  });
  const { data, error } = plan;
  const isReady =
    wanted === settled &&
    data !== undefined &&
    error === null &&
    !plan.isPlaceholderData &&
    data.obstacles.length === 0;
  const setUp = (key: string) => {
    void queries.invalidateQueries();
    go({ to: ['sources', key, 'setup'] });
  };
  return (
    <>
      <form
        className="setup"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) setAsked('add');
        }}
      >
        <div className="setup-steps plain-steps">
          <p>
            <Text>{kind.about.replaceAll('`', '')}</Text>
          </p>
          <Names kind={kind} wanted={wanted} onChange={change} />
          <Mappings kind={kind} wanted={wanted} onChange={change} />
          <Check kind={kind} wanted={wanted} onChange={change} />
          {error !== null && <ProblemView error={error} />}
          <Obstacles plan={data} sourceKey={wanted.key} onCommit={() => setAsked('commit')} />
          <div className="line">
            <button type="submit" className="button primary" disabled={!isReady}>
              Add the source…
            </button>
            <span className="quiet">It is live at once; its URL and its secret come next.</span>
          </div>
        </div>
        <div className="setup-side">
          <Files plan={data} directory={directory} />
        </div>
      </form>
      {asked === 'add' && (
        <AddSource
          kind={kind.title}
          request={request}
          files={data?.files ?? []}
          onClose={() => setAsked(undefined)}
          onAdded={setUp}
        />
      )}
      {asked === 'commit' && (
        <CommitDialog
          of="files"
          message={`Add source ${wanted.key}`}
          onClose={() => setAsked(undefined)}
          onDone={() => setUp(wanted.key)}
        />
      )}
    </>
  );
}

type PartProps = { kind: KindRow; wanted: Wanted; onChange(change: Partial<Wanted>): void };

function Names({ kind, wanted, onChange }: PartProps) {
  const [key, name] = [useId(), useId()];
  return (
    <div className="form-grid">
      <div className="field">
        <label htmlFor={key}>Key</label>
        <input
          id={key}
          value={wanted.key}
          maxLength={256}
          autoComplete="off"
          spellCheck={false}
          aria-describedby={`${key}-hint`}
          onChange={({ target }) => onChange({ key: target.value })}
        />
        <span id={`${key}-hint`} className="quiet">
          In its URL and its rows; it never changes.
        </span>
      </div>
      <div className="field">
        <label htmlFor={name}>Name</label>
        <input
          id={name}
          value={wanted.name}
          maxLength={200}
          placeholder={kind.title}
          autoComplete="off"
          aria-describedby={`${name}-hint`}
          onChange={({ target }) => onChange({ name: target.value })}
        />
        <span id={`${name}-hint`} className="quiet">
          For people; it may be changed at any time.
        </span>
      </div>
    </div>
  );
}

function Mappings({ kind, wanted, onChange }: PartProps) {
  if (kind.default_mappings.length === 0)
    return <p className="quiet">This kind has no mappings to begin with: they are made from the first events.</p>;
  return (
    <fieldset className="choice-list mapping-choices">
      <legend>What its events do</legend>
      {kind.default_mappings.map(({ id, event, action, about }) => (
        <label key={id}>
          <input
            type="checkbox"
            checked={wanted.mappings.includes(id)}
            onChange={({ target }) =>
              onChange({
                mappings: target.checked ? [...wanted.mappings, id] : wanted.mappings.filter((one) => one !== id),
              })
            }
          />
          <span>
            <code>{event}</code> <span aria-hidden="true">→</span> <code>{action}</code>
            <span className="quiet choice-about">{about.replaceAll('`', '')}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** How requests are checked: the kind's own way, or for kinds without one a way of choice. */
function Check({ kind, wanted, onChange }: PartProps) {
  const own = kind.can_check ? proofOf(kind) : sentence(kind.instruction);
  return (
    <fieldset className="choice-list">
      <legend>How requests are checked</legend>
      {kind.signs ? (
        <p className="quiet">{own}</p>
      ) : (
        <>
          <div className="form-grid">
            <label className="field">
              <span className="visually-hidden">Check</span>
              <select
                className="filter"
                value={wanted.verify}
                onChange={({ target }) => onChange({ verify: target.value, header: '' })}
              >
                {verifications.map(([value, title]) => (
                  <option key={value} value={value}>
                    {title}
                  </option>
                ))}
              </select>
            </label>
            {takesHeader(wanted.verify) && (
              <label className="field">
                <span className="visually-hidden">Header</span>
                <input
                  value={wanted.header}
                  placeholder={headerByDefault(wanted.verify)}
                  maxLength={100}
                  autoComplete="off"
                  spellCheck={false}
                  onChange={({ target }) => onChange({ header: target.value })}
                />
              </label>
            )}
          </div>
          <p className="quiet">
            {wanted.verify === ''
              ? own
              : wanted.verify === 'none'
                ? 'All who know the URL can send.'
                : 'A check that the file declares is enforced from the start. Its other options can be written into the file.'}
          </p>
        </>
      )}
    </fieldset>
  );
}

type ObstaclesProps = { plan: AddPlan | undefined; sourceKey: string; onCommit(): void };

/** What stands against it, and the way on. */
function Obstacles({ plan, sourceKey, onCommit }: ObstaclesProps) {
  if (plan === undefined || plan.obstacles.length === 0) return null;
  return (
    <ul className="objections" aria-label="What stands against it">
      {plan.obstacles.map(({ kind, what, remedies }) => (
        <li key={what}>
          <p className="objection-what">
            <Text>{what}</Text>
          </p>
          <Remedies remedies={remedies} />
          {kind === 'is_live' && (
            <Go to={['sources', sourceKey, 'setup']} className="button">
              Set that one up
            </Go>
          )}
          {kind === 'not_live' && (
            <button type="button" className="button" onClick={onCommit}>
              Commit the files…
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The files that are written, as they are written. */
function Files({ plan, directory }: { plan: AddPlan | undefined; directory: string }) {
  return (
    <section className="arrivals written" aria-label="What is written">
      <h2>What is written</h2>
      {plan === undefined || plan.files.length === 0 ? (
        <p className="quiet">
          Nothing yet. A source is a file in <code>{directory}</code>, so that git sees it.
        </p>
      ) : (
        plan.files.map(({ path, text, kind }) => (
          <details key={path} open={kind === 'source' || undefined}>
            <summary>
              <code className="text">
                <Text>{path}</Text>
              </code>
            </summary>
            <Yaml text={text} what={path} />
          </details>
        ))
      )}
    </section>
  );
}
