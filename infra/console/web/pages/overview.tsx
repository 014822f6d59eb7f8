import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Diagnosis } from '../../../../shared/operations/doctor/diagnose.ts';
import type { Finding } from '../../../../shared/operations/doctor/finding.ts';
import type { SourceHealth, StageRow } from '../../../../shared/operations/doctor/stages.ts';
import { formatDuration } from '../../../../shared/operations/words/times.ts';
import { apiPath, read } from '../client.ts';
import { FlowChart } from '../parts/chart.tsx';
import { Copy } from '../parts/copy.tsx';
import { commandLine, Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { count, plural, quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, type Place, usePageSearch } from '../shell/go.tsx';

const ranges = { '1h': 'Last hour', '6h': 'Last 6 hours', '1d': 'Last day', '7d': 'Last 7 days' } as const;
type Range = keyof typeof ranges;

/** Where it hurts, what flows, and what comes next. */
export default function Overview() {
  const { name, api, local } = useEnvironment();
  const [search, change] = usePageSearch();
  const since: Range =
    search.since !== undefined && Object.hasOwn(ranges, search.since) ? (search.since as Range) : '1h';
  // The doctor looks at the present; the chart goes further back.
  const looked = since === '7d' ? '1d' : since;
  // On AWS each look reads some hundred counts, which CloudWatch bills.
  const refetchInterval = local ? 5_000 : 60_000;
  const doctor = useQuery({
    queryKey: [name, 'doctor', looked],
    queryFn: () => read(api.doctor.$get({ query: { since: looked } })) as Promise<Diagnosis>,
    placeholderData: keepPreviousData,
    refetchInterval,
  });
  const flow = useQuery({
    queryKey: [name, 'flow', since],
    queryFn: () => read(api.doctor.flow.$get({ query: { since } })),
    placeholderData: keepPreviousData,
    refetchInterval,
  });
  const { data, error } = doctor;
  return (
    <Page
      title="Overview"
      aside={
        <select
          aria-label="Time"
          className="filter"
          value={since}
          onChange={({ target }) => change({ since: target.value })}
        >
          {Object.entries(ranges).map(([range, label]) => (
            <option key={range} value={range}>
              {label}
            </option>
          ))}
        </select>
      }
      command={looked === '1h' ? 'doctor' : `doctor --since ${looked}`}
      json={`${apiPath(name)}/doctor?since=${looked}`}
    >
      {error !== null && data === undefined && <ProblemView error={error} />}
      {data === undefined && error === null && <Loading />}
      {data !== undefined && (
        <>
          <Findings diagnosis={data} />
          <Pipeline
            diagnosis={data}
            minutes={(Date.parse(data.until) - Date.parse(data.since)) / 60_000}
            since={looked}
          />
          {isNew(data) ? (
            <FirstEvent source={data.sources[0]?.source ?? ''} />
          ) : (
            <section className="block">
              <h2>
                Events over time <span className="quiet">per {stepOf(flow.data?.step_seconds ?? 60)}</span>
              </h2>
              {flow.error !== null && flow.data === undefined && <ProblemView error={flow.error} />}
              {flow.data !== undefined && <FlowChart flow={flow.data} />}
            </section>
          )}
          <Sources sources={data.sources} />
        </>
      )}
    </Page>
  );
}

const stepOf = (seconds: number) =>
  ({ 60: 'minute', 300: '5 minutes', 900: '15 minutes', 3600: 'hour' })[seconds] ?? `${seconds / 3600} hours`;

/** There are sources, and none of them ever sent. */
const isNew = ({ sources }: Diagnosis) =>
  sources.length > 0 && sources.every((source) => source.last_event_at === null && source.refused === 0);

/** What a newcomer does next. */
function FirstEvent({ source }: { source: string }) {
  const { name, readOnly } = useEnvironment();
  const command = commandLine(`send ${quoted(source)}`, name);
  return (
    <section className="block first-event">
      <h2>No event has come in yet</h2>
      <p className="quiet">
        <Go to={['sources', source, 'setup']}>
          Set up <Text>{source}</Text>
        </Go>
        {readOnly ? ' at its sender' : ' at its sender, or send a sample from there'}. What arrives is counted here
        within seconds. <Go to={['sources']}>All sources</Go>
      </p>
      <p>
        <code className="command">
          <Text>{command}</Text>
        </code>{' '}
        <Copy text={command} what="the command" />
      </p>
    </section>
  );
}

const order = { critical: 'critical', warning: 'warning', note: 'note' } as const;

function Findings({ diagnosis }: { diagnosis: Diagnosis }) {
  const { findings, ok, over_since, configuration } = diagnosis;
  const [isAll, setAll] = useState(false);
  // A few more than that are shown at once: a button for two would hide as much as it shows.
  const shown = isAll || findings.length <= firstFindings + 2 ? findings : findings.slice(0, firstFindings);
  return (
    <section className="block">
      <div className={ok ? 'now good' : 'now bad'} role="status">
        {ok ? 'Nothing is wrong.' : plural(findings.filter(({ severity }) => severity !== 'note').length, 'finding')}
        {ok && over_since !== null && (
          <>
            {' '}
            Over since <Ago iso={over_since} />: no failure, no refusal, and nothing waits.
          </>
        )}
        {configuration !== null && (
          <span className="quiet">
            {' '}
            Configuration {configuration.version}
            {configuration.live_since !== null && (
              <>
                , went live <Ago iso={configuration.live_since} />
              </>
            )}
            {configuration.by !== null && (
              <>
                {' '}
                by <Text>{configuration.by}</Text>
              </>
            )}
          </span>
        )}
      </div>
      {findings.length > 0 && (
        <ul className="findings">
          {shown.map((finding) => (
            <FindingRow
              key={JSON.stringify([finding.id, finding.source, finding.workflow, finding.part, finding.reason])}
              finding={finding}
            />
          ))}
        </ul>
      )}
      {shown.length < findings.length && (
        <p>
          <button type="button" className="plain flush" onClick={() => setAll(true)}>
            Show {findings.length - shown.length} more
          </button>
        </p>
      )}
    </section>
  );
}

/** The worst come first; the pipeline is to be in sight below them. */
const firstFindings = 4;

function FindingRow({ finding }: { finding: Finding }) {
  const { id, severity, source, workflow, part, cause, since, example, next } = finding;
  const place = placeOf(finding);
  const isCommand = next.startsWith('npx ');
  return (
    <li>
      <div className="finding-head">
        <Status>{order[severity]}</Status>
        <strong>{id.replaceAll('_', ' ')}</strong>
        {source !== undefined && (
          <Go to={['sources', source]}>
            <Text>{source}</Text>
          </Go>
        )}
        {workflow !== undefined && (
          <Go to={['workflows', workflow]}>
            <Text>{workflow}</Text>
          </Go>
        )}
        {part !== undefined && <Text>{part}</Text>}
        {since !== null && (
          <span className="quiet">
            since <Ago iso={since} />
          </span>
        )}
        <span className="grow" />
        {id === 'secret_missing' && source !== undefined && <Go to={['sources', source, 'setup']}>Set it</Go>}
        {place !== undefined && <Go {...place}>Show them</Go>}
        {example !== undefined && <Go to={['events', example]}>Newest</Go>}
      </div>
      <p>
        <Text>{cause}</Text>
      </p>
      <p className="next">
        <span className="quiet">next</span>{' '}
        {isCommand ? (
          <>
            <code className="command">
              <Text>{next}</Text>
            </code>{' '}
            <Copy text={next} what="the command" />
          </>
        ) : (
          <Text>{next}</Text>
        )}
      </p>
    </li>
  );
}

/** The rows that a finding counts. */
function placeOf({ id, source, reason, workflow }: Finding): Place | undefined {
  const about = { source, reason, since: '1d' };
  switch (id) {
    case 'events_failed':
      return { to: ['events'], search: { ...about, status: 'failed' } };
    case 'events_rejected':
      return { to: ['events'], search: { ...about, status: 'rejected' } };
    case 'actions_failed':
      return { to: ['actions'], search: { ...about, workflow, status: 'failed' } };
    case 'actions_skipped':
      return { to: ['actions'], search: { ...about, workflow, status: 'skipped' } };
    case 'actions_wait':
    case 'actions_retried':
      return { to: ['actions'], search: { ...about, workflow, status: 'pending' } };
    case 'target_left_alone':
      return { to: ['actions'], search: { workflow, status: 'failed,pending', since: '1d' } };
    default:
      return undefined;
  }
}

const wordsOf: Record<StageRow['stage'], { title: string; failed: string; to(since: string): Place | undefined }> = {
  ingest: { title: 'Ingest', failed: 'refused', to: () => undefined },
  processor: {
    title: 'Processor',
    failed: 'failed',
    to: (since) => ({ to: ['events'], search: { status: 'failed,rejected', since } }),
  },
  'workflow-trigger': {
    title: 'Actions',
    failed: 'failed',
    to: (since) => ({ to: ['actions'], search: { status: 'failed', since } }),
  },
  targets: {
    title: 'Targets',
    failed: 'failed calls',
    to: (since) => ({ to: ['problems'], search: { since } }),
  },
  'dead letters': { title: 'Dead letters', failed: 'failed', to: () => undefined },
};

/** The way of an event, from senders to targets. */
function Pipeline({ diagnosis, minutes, since }: { diagnosis: Diagnosis; minutes: number; since: string }) {
  const { stages, sources } = diagnosis;
  if (stages.length === 0) return null;
  const active = sources.filter(({ accepted }) => accepted > 0).length;
  return (
    <section className="block">
      <h2>Pipeline</h2>
      <ol className="pipeline">
        <li>
          <h3>Sources</h3>
          <p className="figure">{count(active)}</p>
          <p className="quiet">of {count(sources.length)} sent</p>
        </li>
        {stages
          .filter(({ stage, came_in, waiting }) => stage !== 'dead letters' || came_in > 0 || (waiting ?? 0) > 0)
          .map((stage) => (
            <Stage key={stage.stage} row={stage} minutes={minutes} since={since} />
          ))}
      </ol>
    </section>
  );
}

function rateText(rate: number): string {
  if (rate > 0 && rate < 0.1) return 'under 0.1';
  return rate >= 10 ? count(Math.round(rate)) : rate.toFixed(1);
}

function Stage({ row, minutes, since }: { row: StageRow; minutes: number; since: string }) {
  const { stage, came_in, did_nothing, failed, waiting, oldest_seconds } = row;
  const words = wordsOf[stage];
  const place = words.to(since);
  const failedText = `${count(failed)} ${words.failed}`;
  return (
    <li className={failed > 0 ? 'has-failed' : undefined}>
      <h3>{words.title}</h3>
      <p className="figure">{count(came_in)}</p>
      <p className="quiet">{rateText(came_in / Math.max(1, minutes))} per minute</p>
      {failed > 0 && (
        <p>
          {place === undefined ? (
            <span className="bad">{failedText}</span>
          ) : (
            <Go {...place} className="bad">
              {failedText}
            </Go>
          )}
        </p>
      )}
      {did_nothing > 0 && <p className="quiet">{count(did_nothing)} did nothing</p>}
      {waiting !== null && (
        <p className={waiting > 0 ? 'warn' : 'quiet'}>
          {waiting === 0
            ? 'nothing waits'
            : `${count(waiting)} waiting${oldest_seconds === null ? '' : `, oldest ${formatDuration(oldest_seconds * 1000)}`}`}
        </p>
      )}
    </li>
  );
}

function Sources({ sources }: { sources: readonly SourceHealth[] }) {
  if (sources.length === 0)
    return (
      <Empty title="No sources yet">
        <p>
          <Go to={['sources', '~new']}>Add a source</Go>: its file is written, and it is live at once.
        </p>
        <code className="command">npx signalbox sources add stripe</code>
      </Empty>
    );
  return (
    <section className="block">
      <h2>Sources</h2>
      <table className="rows plain-rows">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col" className="wide-only source-time">
              Last event
            </th>
            <th scope="col" className="right source-count">
              Accepted
            </th>
            <th scope="col" className="right source-count">
              Refused
            </th>
            <th scope="col" className="right source-count">
              Failed
            </th>
          </tr>
        </thead>
        <tbody>
          {sources.map(({ source, enabled, last_event_at, accepted, refused, failed, unusually_silent }) => (
            <tr key={source}>
              <td>
                <Go to={['events']} search={{ source }}>
                  <Text>{source}</Text>
                </Go>
                {!enabled && <span className="quiet"> off</span>}
              </td>
              <td className={unusually_silent ? 'wide-only warn' : 'wide-only quiet'} title="to the hour">
                {last_event_at === null ? 'never' : <Ago iso={last_event_at} />}
                {unusually_silent && ', unusual'}
              </td>
              <td className="right">{count(accepted)}</td>
              <td className={refused > 0 ? 'right warn' : 'right'}>{count(refused)}</td>
              <td className={failed > 0 ? 'right bad' : 'right'}>{count(failed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
