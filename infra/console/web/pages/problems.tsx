import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Bulk, BulkDialog } from '../bulk/dialog.tsx';
import { apiPath, read } from '../client.ts';
import { RangePicker } from '../parts/filters.tsx';
import { type Group, GroupTable } from '../parts/groups.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { plural } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, type Search, usePageSearch } from '../shell/go.tsx';

const askAgainMs = 15_000;

/** What failed, was refused or left out, by its reason, and how to run it again. */
export default function Problems() {
  const { name, api, readOnly } = useEnvironment();
  const [search, change] = usePageSearch();
  const { since = '1d', reason } = search;
  const [bulk, setBulk] = useState<Bulk>();
  const failed: Search = { status: 'failed,skipped', since };
  const rejected: Search = { status: 'failed,rejected', since };
  const actions = useQuery({
    queryKey: [name, 'actions', 'groups', 'reason', failed],
    queryFn: () => read(api.actions.groups.$get({ query: { status: 'failed,skipped', since, by: 'reason' } })),
    refetchInterval: askAgainMs,
  });
  const events = useQuery({
    queryKey: [name, 'events', 'groups', 'reason', rejected],
    queryFn: () => read(api.events.groups.$get({ query: { status: 'failed,rejected', since, by: 'reason' } })),
    refetchInterval: askAgainMs,
  });
  const error = actions.error ?? events.error;
  const isNone = actions.data?.groups.length === 0 && events.data?.groups.length === 0;

  const mendingOf = (of: 'events' | 'actions', base: Search) =>
    function Mending({ value }: Group) {
      if (readOnly || value === null) return null;
      return (['replay', 'discard'] as const).map((what) => (
        <button
          key={what}
          type="button"
          className="plain about"
          onClick={() => setBulk({ what, of, search: { ...base, reason: value } })}
        >
          {what === 'replay' ? 'Replay…' : 'Discard…'}
        </button>
      ));
    };

  return (
    <Page
      title="Problems"
      aside={<RangePicker search={search} onChange={change} unset="Last day" />}
      command={`actions --status failed,skipped --since ${since} --group-by reason`}
      json={`${apiPath(name)}/actions/groups?${new URLSearchParams({ status: 'failed,skipped', since, by: 'reason' })}`}
    >
      {error !== null && actions.data === undefined && <ProblemView error={error} />}
      {error === null && (actions.data === undefined || events.data === undefined) && <Loading />}
      {isNone && (
        <Empty title="Nothing failed">
          <p>No action failed or was skipped in this time, and no event was rejected or given up.</p>
          <p>
            What is tried again until it succeeds is among{' '}
            <Go to={['actions']} search={{ status: 'pending', since }}>
              the pending actions
            </Go>
            .
          </p>
        </Empty>
      )}
      {actions.data !== undefined && actions.data.groups.length > 0 && (
        <section className="block">
          <h2>{plural(actions.data.count, 'action')} failed or skipped</h2>
          <GroupTable
            label="reason"
            groups={actions.data.groups}
            placeOf={({ value }) => ({ to: ['actions'], search: { ...failed, reason: value ?? undefined } })}
            about={(group) => (
              <>
                <button
                  type="button"
                  className="plain about"
                  aria-expanded={reason === group.value}
                  onClick={() => change({ reason: reason === group.value ? undefined : (group.value ?? undefined) })}
                >
                  Answers
                </button>
                {mendingOf('actions', failed)(group)}
              </>
            )}
          />
          {reason !== undefined && <Answers reason={reason} base={failed} />}
        </section>
      )}
      {events.data !== undefined && events.data.groups.length > 0 && (
        <section className="block">
          <h2>{plural(events.data.count, 'event')} rejected or given up</h2>
          <GroupTable
            label="reason"
            groups={events.data.groups}
            placeOf={({ value }) => ({ to: ['events'], search: { ...rejected, reason: value ?? undefined } })}
            about={mendingOf('events', rejected)}
          />
        </section>
      )}
      <BulkDialog bulk={bulk} onClose={() => setBulk(undefined)} onDone={() => setBulk(undefined)} />
    </Page>
  );
}

/** The words of one reason: what targets answered, which value was wrong. */
function Answers({ reason, base }: { reason: string; base: Search }) {
  const { name, api } = useEnvironment();
  const query = { status: 'failed,skipped', since: base.since ?? '1d', reason, by: 'detail' } as const;
  const { data, error } = useQuery({
    queryKey: [name, 'actions', 'groups', 'detail', query],
    queryFn: () => read(api.actions.groups.$get({ query })),
  });
  if (error !== null) return <ProblemView error={error} />;
  if (data === undefined) return <Loading />;
  return (
    <div className="answers">
      <h3>
        In words: <Text>{reason.replaceAll('_', ' ')}</Text>
      </h3>
      <ul>
        {data.groups.slice(0, 20).map(({ value, count, example }) => (
          <li key={value ?? ''}>
            <strong>{count}</strong> <Text>{value ?? 'without a detail'}</Text> <Go to={['events', example]}>newest</Go>
          </li>
        ))}
      </ul>
    </div>
  );
}
