import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { JobRow } from '../../../../shared/operations/jobs/job-row.ts';
import type { WorkflowRow } from '../../../../shared/operations/workflows/workflow-row.ts';
import { pathPart } from '../addresses.ts';
import { apiPath, queryOf, read } from '../client.ts';
import { ConfigurationLinks } from '../configuration/links.tsx';
import { Copy } from '../parts/copy.tsx';
import { Fact } from '../parts/facts.tsx';
import { RangePicker } from '../parts/filters.tsx';
import { Sparkline } from '../parts/groups.tsx';
import { commandLine, Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Ago, Time } from '../parts/time.tsx';
import { count, plural, quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch, usePathParam } from '../shell/go.tsx';
import { PauseWorkflow, ResumeWorkflow } from '../workflows/change.tsx';
import { heldText, WorkflowState } from '../workflows/state.tsx';

/** One workflow: where its runs go, what waits, how its actions end; pause and resume. */
export default function Workflow() {
  const key = usePathParam('key');
  const { name, api, readOnly } = useEnvironment();
  const [asked, setAsked] = useState<'pause' | 'resume'>();
  const { data, error } = useQuery({
    queryKey: [name, 'workflows', key],
    queryFn: () => read(api.workflows[':key'].$get({ param: { key } })) as Promise<WorkflowRow>,
    refetchInterval: ({ state }) => (state.error !== null || state.data?.state === 'releasing' ? 1_000 : 10_000),
  });
  const close = () => setAsked(undefined);
  return (
    <Page
      title="Workflow"
      command="workflow list"
      json={`${apiPath(name)}/workflows/${pathPart(key)}`}
      aside={
        <>
          <Id>{key}</Id>
          {data !== undefined && <WorkflowState state={data.state} />}
          <span className="grow" />
          {data !== undefined && !readOnly && (
            <>
              {data.state !== 'holding' && data.name !== null && (
                <button type="button" className="button" onClick={() => setAsked('pause')}>
                  {data.state === 'releasing' ? 'Stop the release…' : data.state === 'dropping' ? 'Hold…' : 'Pause…'}
                </button>
              )}
              {(data.state === 'holding' || data.state === 'dropping' || isLeft(data.release)) && (
                <button type="button" className="button primary" onClick={() => setAsked('resume')}>
                  {data.state === 'releasing' ? 'Carry on…' : 'Resume…'}
                </button>
              )}
            </>
          )}
        </>
      }
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && (
        <>
          <Waiting row={data} />
          {data.breaker !== null && (
            <div className="now bad" role="status">
              Its target keeps failing since <Time iso={data.breaker.since} />, so it gets probes only:{' '}
              <Text>{data.breaker.detail}</Text>. {plural(data.breaker.failed_probes, 'probe')} failed; the next one is
              due at <Time iso={data.breaker.next_probe_at} />.
            </div>
          )}
          <dl className="facts">
            <Fact name="Name">{data.name === null ? 'removed' : <Text>{data.name}</Text>}</Fact>
            {Object.entries(data.targets).map(([environment, type]) => (
              <Fact key={environment} name={`Target in ${environment}`}>
                {environment === name ? <strong>{type}</strong> : type}
              </Fact>
            ))}
            {data.target === null && (
              <Fact name={`Target in ${name}`}>
                <span className="bad">none: it cannot start here</span>
              </Fact>
            )}
            <Fact name="Configuration">
              <ConfigurationLinks resource={`workflow/${key}`} />
            </Fact>
            <Fact name="Its rows">
              <Go to={['events']} search={{ workflow: key }}>
                Events
              </Go>
              {' · '}
              <Go to={['actions']} search={{ workflow: key }}>
                Actions
              </Go>
              {' · '}
              <Go to={['runs']} search={{ workflow: key }}>
                Runs
              </Go>
            </Fact>
          </dl>
          <Outcomes workflow={key} />
        </>
      )}
      {asked === 'pause' && data !== undefined && <PauseWorkflow workflow={data} onClose={close} />}
      {asked === 'resume' && data !== undefined && <ResumeWorkflow workflow={data} onClose={close} />}
    </Page>
  );
}

/** No process has said for a minute that it is at it. */
const isLeft = (job: JobRow | null) => job?.state === 'running' && Date.now() - Date.parse(job.updated_at) > 60_000;

function Waiting({ row: { state, hold, held, release } }: { row: WorkflowRow }) {
  if (state === 'dropping')
    return (
      <div className="now bad" role="status">
        It starts no runs and keeps none: triggers fail as workflow_inactive.
      </div>
    );
  if (hold === null || held === null) return null;
  return (
    <div className="now warn" role="status">
      <strong>
        {heldText(held)} {held.runs === 1 && !held.is_more ? 'run is' : 'runs are'} held
        {held.without_runs > 0 && `, and ${plural(held.without_runs, 'trigger')} for unknown recipients`}
      </strong>
      . Paused <Ago iso={hold.since} /> by <Text>{hold.by}</Text>
      {hold.reason !== null && (
        <>
          {': '}
          <Text>{hold.reason}</Text>
        </>
      )}
      .
      {held.oldest_expires_at !== null && (
        <>
          {' '}
          The oldest ages out <Time iso={held.oldest_expires_at} />.
        </>
      )}
      {release !== null && <Release job={release} />}
    </div>
  );
}

function Release({ job }: { job: JobRow }) {
  const done = Object.values(job.counts).reduce((sum, number) => sum + number, 0);
  return (
    <div className="release">
      <div>
        <Status>{job.state}</Status> {count(done)} of {count(job.total)}
        {Object.entries(job.counts)
          .filter(([, number]) => number > 0)
          .map(([word, number]) => ` · ${count(number)} ${word}`)
          .join('')}{' '}
        <span className="quiet">
          job <Id>{job.id}</Id>
        </span>
      </div>
      <progress max={Math.max(1, job.total)} value={done} aria-label="Released" />
    </div>
  );
}

/** How its actions ended. */
function Outcomes({ workflow }: { workflow: string }) {
  const { name, api } = useEnvironment();
  const [search, change] = usePageSearch();
  const { since } = search;
  const { data, error } = useQuery({
    queryKey: [name, 'workflows', workflow, 'outcomes', since],
    queryFn: () => read(api.workflows[':key'].outcomes.$get({ param: { key: workflow }, query: queryOf({ since }) })),
    refetchInterval: 30_000,
  });
  const line = commandLine(`actions --workflow ${quoted(workflow)} --since ${since ?? '3d'} --group-by status`, name);
  return (
    <section className="part" aria-label="How its actions ended">
      <div className="toolbar">
        <h2>How its actions ended</h2>
        <RangePicker search={search} onChange={change} unset="Last 3 days" />
        <span className="wide-only">
          <code className="command">
            <Text>{line}</Text>
          </code>{' '}
          <Copy text={line} what="the command" />
        </span>
      </div>
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && data.groups.length === 0 && (
        <p className="quiet">No event named this workflow in that time.</p>
      )}
      {data !== undefined && data.groups.length > 0 && (
        <table className="outcomes">
          <tbody>
            {data.groups.map(({ value, count: number, trend, last_at }) => (
              <tr key={value ?? ''}>
                <th scope="row">
                  <Status>{value ?? 'unknown'}</Status>
                </th>
                <td className="right">{count(number)}</td>
                <td className="wide-only">
                  <Sparkline values={trend} />
                </td>
                <td className="quiet">
                  last <Ago iso={last_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {data?.looked.back_to != null && (
        <p className="quiet">
          Back to <Time iso={data.looked.back_to} />: {count(data.looked.rows)} rows were looked at.
        </p>
      )}
    </section>
  );
}
