import type { ActionRow } from '../../../../shared/operations/actions/action-row.ts';
import type { RunRow } from '../../../../shared/operations/runs/run-row.ts';
import type { WhyEvent } from '../../../../shared/operations/why/answer-why.ts';
import { Copy } from '../parts/copy.tsx';
import { JsonTree } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Ago, durationOf, Time } from '../parts/time.tsx';
import { bytesOf, plural } from '../parts/words.ts';
import { Go } from '../shell/go.tsx';
import { EventLink } from './link.tsx';
import { Mapping } from './mapping.tsx';

const at = (iso: string) => Date.parse(iso);

/** What happened, in its order, each with the time since the step before. */
export function Story({ event: story }: { event: WhyEvent }) {
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
            {claim.is_owner ? 'This event' : <EventLink id={claim.owner} />} {claim.expired ? 'held' : 'holds'} key{' '}
            <Text>{claim.key}</Text> until <Time iso={claim.expires_at} />.
            {!claim.expired && !claim.released && ' A copy that comes before runs nothing.'}
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
          <p className="quiet">
            none: nothing is mapped to this event type.{' '}
            {event.type !== null && (
              <Go to={['mappings', 'new']} search={{ source: event.source, type: event.type, event: event.id }}>
                Write a mapping for it
              </Go>
            )}
          </p>
        )}
        {mappings.map((mapping) => (
          <Mapping key={mapping.mapping} mapping={mapping} source={event.source} event={event.id} />
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
  'enforced:verified': 'passed; a request that fails the check is refused',
  'not_enforced:verified': 'passed; a request that fails the check would be accepted too',
  'not_enforced:failed': 'NO: the check failed, and is not enforced for this source',
  'not_enforced:skipped':
    'not checked: the request brought nothing to check, or no secret is set; the URL alone let it in',
};

function verificationTone(verification: string): StepProps['tone'] {
  if (verification.endsWith(':failed')) return 'bad';
  return verification.endsWith(':skipped') ? 'warn' : 'good';
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
  if (actions.some(({ status }) => status === 'discarded')) return 'quiet';
  return actions.length > 0 ? 'good' : 'quiet';
}

function noActions({ event }: WhyEvent): string {
  if (event?.status === 'idempotent') return 'none: those of the earlier event count for this copy too';
  if (event?.status === 'processed' && event.actions.pending > 0)
    return `${plural(event.actions.pending, 'action')} handed on; no outcome yet`;
  return 'none';
}

function triesOf({ status, attempts }: ActionRow): string {
  if (attempts > 0) return plural(attempts, 'attempt');
  return status === 'pending' ? 'not tried yet' : 'never tried';
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
          {attempts !== 1 && ` · ${triesOf(action)}`}
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
      {action.discarded !== null && (
        <p>
          Discarded by <Text>{action.discarded.by}</Text> at <Time iso={action.discarded.at} />:{' '}
          <Text lines>{action.discarded.reason}</Text>. Before that it was {action.discarded.was}
          {action.discarded.was === 'failed' && '; Replay takes that back and runs it'}.
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
