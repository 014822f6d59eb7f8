import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { EventDetailRow } from '../../../../shared/operations/events/event-row.ts';
import type { WhyEvent } from '../../../../shared/operations/why/answer-why.ts';
import { pathPart } from '../addresses.ts';
import { type Bulk, BulkDialog } from '../bulk/dialog.tsx';
import { apiPath, read } from '../client.ts';
import { EventLink } from '../events/link.tsx';
import { CopyAs, Headers, Payload } from '../events/payload.tsx';
import { Story } from '../events/story.tsx';
import { Copy } from '../parts/copy.tsx';
import { Fact } from '../parts/facts.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch, usePathParam } from '../shell/go.tsx';

const askAgainMs = 2_000;

/** The whole story of one event: from its request to its runs, and where it is now. */
export default function Event() {
  const id = usePathParam('id');
  const { name, api, readOnly } = useEnvironment();
  const [{ show = 'story' }, change] = usePageSearch();
  const [bulk, setBulk] = useState<Bulk['what']>();
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
      json={show === 'story' ? `${apiPath(name)}/why/${pathPart(id)}` : `${apiPath(name)}/events/${pathPart(id)}`}
      aside={
        <>
          <Id>{id}</Id>
          <Copy text={id} what="the id" />
          {event?.event != null && <Status>{event.event.status}</Status>}
          <span className="grow" />
          {detail.data !== undefined && <CopyAs detail={detail.data} />}
          {isLogged && !readOnly && (
            <>
              {canDiscard(event) && (
                <button type="button" className="button" onClick={() => setBulk('discard')}>
                  Discard…
                </button>
              )}
              <button type="button" className="button primary" onClick={() => setBulk('replay')}>
                Replay…
              </button>
            </>
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
      <BulkDialog
        bulk={bulk && { what: bulk, chosen: [{ event: id }], noun: 'event' }}
        onClose={() => setBulk(undefined)}
        onDone={() => setBulk(undefined)}
      />
    </Page>
  );
}

/** Whether a failure of it is open. */
function canDiscard({ event, actions }: WhyEvent): boolean {
  const isOpen = ['failed', 'rejected', 'held'].includes(event?.status ?? '');
  return isOpen || actions.some(({ status }) => status === 'failed' || status === 'skipped');
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
