import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ActionRow } from '../../../../shared/operations/actions/action-row.ts';
import type { ConsideredRow, EventDetailRow } from '../../../../shared/operations/events/event-row.ts';
import type { RunRow } from '../../../../shared/operations/runs/run-row.ts';
import type { WhyEvent } from '../../../../shared/operations/why/answer-why.ts';
import { apiPath, read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { JsonTree } from '../parts/json.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Ago, durationOf, Time } from '../parts/time.tsx';
import { bytesOf, plural, quoted } from '../parts/words.ts';
import { ReplayChosen } from '../replay/chosen.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch, usePathParam } from '../shell/go.tsx';

const askAgainMs = 2_000;

/** The whole story of one event: from its request to its runs, and where it is now. */
export default function Event() {
  const id = usePathParam('id');
  const { name, api, readOnly } = useEnvironment();
  const [{ show = 'story' }, change] = usePageSearch();
  const [isReplaying, setReplaying] = useState(false);
  const story = useQuery({
    queryKey: [name, 'why', id],
    queryFn: () => read(api.why[':id'].$get({ param: { id } })),
    // What waits is looked at again.
    refetchInterval: ({ state }) =>
      state.error !== null || (state.data !== undefined && 'now' in state.data && state.data.now.state === 'waiting')
        ? askAgainMs
        : false,
  });
  const found = story.data;
  const event = found !== undefined && 'now' in found ? (found as WhyEvent) : undefined;
  const isLogged = event?.event != null;
  const detail = useQuery({
    queryKey: [name, 'events', id],
    enabled: isLogged,
    queryFn: () => read(api.events[':id'].$get({ param: { id } })) as Promise<EventDetailRow>,
  });
  return (
    <Page
      title="Event"
      command={show === 'story' ? `why ${quoted(id)}` : `events show ${quoted(id)}`}
      json={
        show === 'story'
          ? `${apiPath(name)}/why/${encodeURIComponent(id)}`
          : `${apiPath(name)}/events/${encodeURIComponent(id)}`
      }
      aside={
        <>
          <Id>{id}</Id>
          <Copy text={id} what="the id" />
          {event?.event != null && <Status>{event.event.status}</Status>}
          <span className="grow" />
          {detail.data !== undefined && <CopyAs detail={detail.data} />}
          {isLogged && !readOnly && (
            <button type="button" className="button primary" onClick={() => setReplaying(true)}>
              Replay…
            </button>
          )}
        </>
      }
    >
      {story.error !== null && found === undefined && <ProblemView error={story.error} />}
      {found === undefined && story.error === null && <Loading />}
      {found !== undefined && event === undefined && (
        <Empty title="This is the id of several events">
          <p>The search box (Ctrl K) lists them to choose from.</p>
        </Empty>
      )}
      {event !== undefined && (
        <>
          <Now event={event} />
          <Facts event={event} />
          <div className="tabs" role="tablist">
            {(['story', 'payload', 'headers'] as const).map((tab) => (
              <button
                key={tab}
                type="button"
                role="tab"
                aria-selected={show === tab}
                onClick={() => change({ show: tab === 'story' ? undefined : tab }, { replace: true })}
              >
                {{ story: 'Story', payload: 'Payload', headers: 'Headers' }[tab]}
              </button>
            ))}
          </div>
          {show === 'story' && <Story event={event} />}
          {show === 'payload' && <Payload detail={detail.data} error={detail.error} />}
          {show === 'headers' && <Headers headers={event.headers} />}
        </>
      )}
      {isReplaying && (
        <ReplayChosen ids={[id]} onClose={() => setReplaying(false)} onDone={() => setReplaying(false)} />
      )}
    </Page>
  );
}

const nowTones = { done: 'good', waiting: 'warn', failed: 'bad', unknown: 'quiet' } as const;

function Now({ event: { now, queues } }: { event: WhyEvent }) {
  return (
    <div className={`now ${nowTones[now.state]}`} role="status">
      <Text>{now.text}</Text>
      {now.state === 'waiting' && now.until !== null && (
        <>
          {' '}
          The next try is due <Ago iso={now.until} />.
        </>
      )}
      {queues
        .filter(({ ready, in_flight, delayed }) => ready + in_flight + delayed > 0)
        .map(({ queue, ready, in_flight, delayed }) => (
          <div key={queue} className="quiet">
            {queue} queue: {ready} ready, {in_flight} in flight, {delayed} delayed
          </div>
        ))}
    </div>
  );
}

function Facts({ event: { event } }: { event: WhyEvent }) {
  if (event === null) return null;
  return (
    <dl className="facts">
      <Fact name="Source">
        <Go to={['events']} search={{ source: event.source }}>
          <Text>{event.source}</Text>
        </Go>
      </Fact>
      <Fact name="Type">
        {event.type === null ? (
          'none'
        ) : (
          <Go to={['events']} search={{ type: event.type }}>
            <Text>{event.type}</Text>
          </Go>
        )}
      </Fact>
      <Fact name="User">
        {event.user_id === null ? (
          'none'
        ) : (
          <Go to={['events']} search={{ user_id: event.user_id }}>
            <Text>{event.user_id}</Text>
          </Go>
        )}
      </Fact>
      <Fact name="Message id">
        {event.key === null ? (
          'none'
        ) : (
          <>
            <Text>{event.key}</Text> <Copy text={event.key} what="the message id" />
          </>
        )}
      </Fact>
      {event.duplicate_of !== null && (
        <Fact name="Copy of">
          <EventLink id={event.duplicate_of} />
        </Fact>
      )}
      {event.replay_of !== null && (
        <Fact name="Replay of">
          <EventLink id={event.replay_of} />
        </Fact>
      )}
      {event.replays.length > 0 && (
        <Fact name="Run again as">
          {event.replays.map((replay) => (
            <EventLink key={replay} id={replay} />
          ))}
        </Fact>
      )}
      {event.sync_run_id !== null && (
        <Fact name="Run of a sync">
          <Go to={['events']} search={{ sync_run_id: event.sync_run_id }}>
            <Text>{event.sync_run_id}</Text>
          </Go>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function EventLink({ id }: { id: string }) {
  return (
    <Go to={['events', id]}>
      <Id>{id}</Id>
    </Go>
  );
}

const at = (iso: string) => Date.parse(iso);

/** What happened, in its order, each with the time since the step before. */
function Story({ event: story }: { event: WhyEvent }) {
  const { event, bytes, headers, claim, claim_note, configuration, mappings, mappings_problem, actions, runs } = story;
  if (event === null) return null;
  const agent = headers['user-agent'];
  return (
    <ol className="timeline">
      <Step title="Request" tone="good" time={story.received_at}>
        <p>
          from <Text>{event.source}</Text>
          {bytes !== null && `, ${bytesOf(bytes)}`}
          {event.batch_index !== null && `, number ${event.batch_index + 1} of its request`}
          {agent !== undefined && (
            <>
              {' · '}
              <span className="quiet">
                <Text>{agent}</Text>
              </span>
            </>
          )}
        </p>
      </Step>
      <Step title="Verification" tone={verificationTone(event.verification)}>
        <p>{verifications[event.verification] ?? event.verification}</p>
      </Step>
      <Step
        title="Processed"
        tone={
          event.status === 'failed' || event.status === 'rejected'
            ? 'bad'
            : event.status === 'processed'
              ? 'good'
              : 'quiet'
        }
        time={event.processed_at}
        after={at(event.processed_at) - at(event.received_at)}
      >
        <p>
          <Status>{event.status}</Status>
          {event.reason !== null && ` ${event.reason.replaceAll('_', ' ')}`}
          {event.detail !== null && (
            <>
              {': '}
              <Text>{event.detail}</Text>
            </>
          )}
          {configuration !== null && (
            <span className="quiet">
              {' '}
              by configuration {configuration.version}
              {configuration.exact ? '' : ', as it is now: the row names none that is known'}
            </span>
          )}
        </p>
      </Step>
      <Step title="Claim" tone={claim === null ? 'quiet' : claim.is_owner ? 'good' : 'warn'}>
        {claim === null ? (
          <p className="quiet">
            <Text>{claim_note ?? 'none'}</Text>
          </p>
        ) : (
          <p>
            Key <Text>{claim.key}</Text> is held by {claim.is_owner ? 'this event' : <EventLink id={claim.owner} />},{' '}
            {claim.expired ? 'its window ended' : 'for copies until'} <Time iso={claim.expires_at} />.
            {claim.execution !== claim.owner && (
              <>
                {' '}
                It carries on execution <Id>{claim.execution}</Id>.
              </>
            )}
            {claim.released && ' It is released: an action failed for good, so a copy that is sent again would run.'}
          </p>
        )}
      </Step>
      <Step
        title={`Mappings for ${event.type ?? 'an event without a type'}`}
        tone={mappings.length > 0 ? 'good' : 'quiet'}
      >
        {mappings_problem !== null && (
          <p>
            cannot be shown: <Text>{mappings_problem}</Text>
          </p>
        )}
        {mappings.length === 0 && mappings_problem === null && (
          <p className="quiet">none: nothing is mapped to this event type</p>
        )}
        {mappings.map((mapping) => (
          <Mapping key={mapping.mapping} mapping={mapping} />
        ))}
      </Step>
      <Step title="Actions" tone={toneOfActions(actions)}>
        {actions.length === 0 && <p className="quiet">{noActions(story)}</p>}
        {ordered(actions).map((action) => (
          <Action key={action.id} action={action} receivedAt={story.received_at} />
        ))}
      </Step>
      <Step title="Runs" tone={runs.some(({ error }) => error !== null) ? 'bad' : runs.length > 0 ? 'good' : 'quiet'}>
        {runs.length === 0 && <p className="quiet">none</p>}
        {runs.map((run) => (
          <Run key={run.id} run={run} receivedAt={story.received_at} />
        ))}
      </Step>
    </ol>
  );
}

type StepProps = {
  title: string;
  tone: 'good' | 'bad' | 'warn' | 'quiet';
  time?: string;
  after?: number;
  children: React.ReactNode;
};

function Step({ title, tone, time, after, children }: StepProps) {
  return (
    <li className={tone}>
      <div className="step-head">
        <h2>
          <Text>{title}</Text>
        </h2>
        {time !== undefined && (
          <span className="quiet">
            <Time iso={time} precise />
          </span>
        )}
        {after !== undefined && <span className="duration">+{durationOf(after)}</span>}
      </div>
      {children}
    </li>
  );
}

const verifications: Record<string, string> = {
  'enforced:verified': 'yes, and events that fail the check are refused',
  'not_enforced:verified': 'yes; events that fail the check would be accepted too',
  'not_enforced:failed': 'NO: the check failed, and is not enforced for this source',
  'not_enforced:skipped':
    'not checked: the request brought nothing to check, or no secret is set; the URL alone let it in',
};

function verificationTone(verification: string): StepProps['tone'] {
  if (verification.endsWith(':failed')) return 'bad';
  return verification.endsWith(':skipped') ? 'warn' : 'good';
}

const verdicts: Record<Exclude<ConsideredRow['verdict'], 'runs'>, string> = {
  duplicate: 'it would have run, but the event is a copy',
  identify_disabled: 'identifying users is switched off',
  mapping_inactive: 'it is switched off',
  conditions_not_met: 'a condition does not hold',
  not_verified: 'the event is not verified',
};

function Mapping({
  mapping: { mapping, action, verdict, detail, conditions, parameters },
}: {
  mapping: ConsideredRow;
}) {
  return (
    <details className="inner" open={verdict !== 'runs' || parameters.length <= 6}>
      <summary>
        <Status tone={verdict === 'runs' ? 'good' : 'warn'}>{verdict === 'runs' ? 'runs' : 'does not run'}</Status>{' '}
        <strong>
          <Text>{mapping}</Text>
        </strong>{' '}
        <span className="quiet">
          <Text>{action}</Text>
          {verdict !== 'runs' && ` · ${verdicts[verdict]}`}
          {detail !== null && (
            <>
              {' · '}
              <Text>{detail}</Text>
            </>
          )}
        </span>
      </summary>
      {conditions.length > 0 && (
        <table className="pairs">
          <caption>Conditions</caption>
          <tbody>
            {conditions.map(({ path, test, found, holds, detail: unmet }) => (
              <tr key={`${path} ${JSON.stringify(test)}`} className={holds ? '' : 'bad'}>
                <th scope="row">
                  <Text>{path}</Text>
                </th>
                <td>
                  <Text>{JSON.stringify(test)}</Text>
                </td>
                <td>
                  {holds ? 'holds' : <Text>{unmet ?? 'does not hold'}</Text>}, found{' '}
                  <Text>{JSON.stringify(found)}</Text>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {parameters.length > 0 && (
        <table className="pairs">
          <caption>Parameters</caption>
          <tbody>
            {parameters.map(({ name, from, value, is_default }) => (
              <tr key={name}>
                <th scope="row">
                  <Text>{name}</Text>
                </th>
                <td className="quiet">
                  {is_default ? 'default' : <Text>{typeof from === 'string' ? from : JSON.stringify(from)}</Text>}
                </td>
                <td>
                  <Value value={value} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}

function Value({ value }: { value: unknown }) {
  if (value === null || typeof value !== 'object') return <Text>{JSON.stringify(value)}</Text>;
  return <JsonTree value={value} />;
}

/** What did not succeed is asked about, so it comes first. */
function ordered(actions: readonly ActionRow[]): ActionRow[] {
  const rank = { failed: 0, pending: 1, skipped: 2, discarded: 3, succeeded: 4 };
  return actions.length <= 20
    ? [...actions]
    : [...actions].sort((a, b) => rank[a.status] - rank[b.status]).slice(0, 50);
}

function toneOfActions(actions: readonly ActionRow[]): StepProps['tone'] {
  if (actions.some(({ status }) => status === 'failed')) return 'bad';
  if (actions.some(({ status }) => status === 'pending' || status === 'skipped')) return 'warn';
  return actions.length > 0 ? 'good' : 'quiet';
}

function noActions({ event }: WhyEvent): string {
  if (event?.status === 'idempotent') return 'none: those of the earlier event count for this copy too';
  if (event?.status === 'processed' && event.actions.pending > 0)
    return `${plural(event.actions.pending, 'action')} handed on; no outcome yet`;
  return 'none';
}

function Action({ action, receivedAt }: { action: ActionRow; receivedAt: string }) {
  const { mapping, status, reason, detail, attempts, result, warnings, payload } = action;
  const when = action.finished_at ?? action.first_attempt_at;
  return (
    <details className="inner" open={status !== 'succeeded'}>
      <summary>
        <Status>{status}</Status>{' '}
        <strong>
          <Text>{action.action}</Text>
        </strong>{' '}
        <span className="quiet">
          by <Text>{mapping}</Text>
          {attempts !== 1 && ` · ${plural(attempts, 'attempt')}`}
        </span>
        {when !== null && <span className="duration">+{durationOf(at(when) - at(receivedAt))}</span>}
      </summary>
      {(reason !== null || detail !== null) && (
        <p className={status === 'failed' ? 'bad' : ''}>
          {reason?.replaceAll('_', ' ')}
          {reason !== null && detail !== null && ': '}
          {detail !== null && <Text lines>{detail}</Text>}
        </p>
      )}
      {action.retry_at !== null && (
        <p>
          The next try is due <Ago iso={action.retry_at} />.
        </p>
      )}
      {warnings.map(({ code, message }) => (
        <p key={code} className="warn">
          <Text>{message}</Text>
        </p>
      ))}
      {result !== null && (
        <div className="labelled">
          <span className="quiet">Answer</span>
          <JsonTree value={result} />
        </div>
      )}
      <div className="labelled">
        <span className="quiet">Parameters</span>
        <JsonTree value={payload} />
      </div>
      <p className="quiet">
        Action <Id>{action.id}</Id> <Copy text={action.id} what="the id of the action" />
      </p>
    </details>
  );
}

function Run({ run, receivedAt }: { run: RunRow; receivedAt: string }) {
  return (
    <details className="inner" open={run.error !== null}>
      <summary>
        <Status>{run.status}</Status>{' '}
        <strong>
          <Text>{run.workflow}</Text>
        </strong>{' '}
        <span className="quiet">
          for <Text>{run.recipient}</Text>, target <Text>{run.target}</Text>
        </span>
        <span className="duration">+{durationOf(at(run.updated_at) - at(receivedAt))}</span>
      </summary>
      {run.error !== null && (
        <p className="bad">
          <Text lines>{run.error}</Text>
        </p>
      )}
      {run.target_reference !== null && (
        <div className="labelled">
          <span className="quiet">Answer</span>
          <JsonTree value={run.target_reference} />
        </div>
      )}
      <p className="quiet">
        Run <Id>{run.id}</Id> <Copy text={run.id} what="the id of the run" />
      </p>
    </details>
  );
}

function Payload({ detail, error }: { detail: EventDetailRow | undefined; error: unknown }) {
  const [isRaw, setRaw] = useState(false);
  if (error !== null && detail === undefined) return <ProblemView error={error} />;
  if (detail === undefined) return <Loading />;
  if (detail.event === null) return <Empty title="The payload cannot be read" />;
  const parsed = parsedOf(detail.event);
  return (
    <section>
      <div className="toolbar">
        <label className="check">
          <input
            type="checkbox"
            checked={isRaw || parsed === undefined}
            disabled={parsed === undefined}
            onChange={() => setRaw(!isRaw)}
          />
          as received, to the last digit
        </label>
        <Copy text={detail.event} what="the payload">
          Copy
        </Copy>
      </div>
      {isRaw || parsed === undefined ? (
        <pre className="raw">
          <Text lines>{detail.event}</Text>
        </pre>
      ) : (
        <JsonTree value={parsed.value} />
      )}
    </section>
  );
}

function parsedOf(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function Headers({ headers }: { headers: Record<string, string> }) {
  const all = Object.entries(headers);
  if (all.length === 0) return <Empty title="No headers were kept" />;
  return (
    <table className="pairs">
      <tbody>
        {all.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              <Text>{name}</Text>
            </th>
            <td>
              <Text>{value}</Text>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** For a test of one's own, or a terminal. */
function CopyAs({ detail: { event, headers, source } }: { detail: EventDetailRow }) {
  if (event === null) return null;
  return (
    <>
      <Copy text={event} what="the event as a fixture">
        Copy as fixture
      </Copy>
      <Copy text={curlOf(event, headers, source)} what="a curl command">
        Copy as curl
      </Copy>
    </>
  );
}

/** The URL holds a credential, so it is a variable here. */
function curlOf(event: string, headers: Record<string, string>, source: string): string {
  const options = Object.entries(headers)
    .filter(([name]) => !/^(host|content-length|user-agent|x-forwarded-.*|via)$/i.test(name))
    .map(([name, value]) => ` -H ${quoted(`${name}: ${value}`)}`);
  return `# npx signalbox sources show ${quoted(source)} prints the URL\ncurl -sS "$SIGNALBOX_URL"${options.join('')} --data-binary ${quoted(event)}`;
}
