import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { RefusalRow } from '../../../../shared/operations/refusals/refusals.ts';
import type { EventTypeRow } from '../../../../shared/operations/sources/source-row.ts';
import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { apiPath, read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { Fact } from '../parts/facts.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { count, quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePathParam } from '../shell/go.tsx';
import { SendDialog, type Sent, SentNote } from '../sources/send.tsx';
import { SourceState, Verification } from '../sources/state.tsx';
import { SwitchMapping, SwitchSource } from '../sources/switch.tsx';

type MappingRow = { id: string; event: string; action: string; active: boolean };
type Answer = { source: SourceWithoutUrl; event_types: EventTypeRow[]; mappings: MappingRow[]; samples: string[] };

/** One source: what came, what is mapped, how it is checked; switches, and samples. */
export default function Source() {
  const key = usePathParam('key');
  const { name, api, readOnly } = useEnvironment();
  const [asked, setAsked] = useState<'switch' | 'send' | MappingRow>();
  const [sent, setSent] = useState<Sent>();
  const { data, error } = useQuery({
    queryKey: [name, 'source', key],
    queryFn: () => read(api.source[':key'].$get({ param: { key } })) as Promise<Answer>,
    refetchInterval: ({ state }) => (state.error === null ? 10_000 : 2_000),
  });
  const close = () => setAsked(undefined);
  const row = data?.source;
  const isLive = row !== undefined && row.kind !== null;
  return (
    <Page
      title="Source"
      command={`sources show ${quoted(key)}`}
      json={`${apiPath(name)}/source/${encodeURIComponent(key)}`}
      aside={
        <>
          <Id>{key}</Id>
          {row !== undefined && <SourceState row={row} />}
          <span className="grow" />
          {isLive && !readOnly && (
            <>
              <button type="button" className="button" onClick={() => setAsked('switch')}>
                {row.enabled ? 'Disable…' : 'Enable…'}
              </button>
              {data !== undefined && data.samples.length > 0 && (
                <button type="button" className="button primary" onClick={() => setAsked('send')}>
                  Send a sample…
                </button>
              )}
            </>
          )}
        </>
      }
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {sent !== undefined && <SentNote sent={sent} />}
      {row !== undefined && !row.enabled && isLive && (
        <div className="now warn" role="status">
          It is off: its events are accepted and logged as rejected, and nothing runs.
        </div>
      )}
      {data !== undefined && row !== undefined && (
        <>
          <Facts row={row} />
          <EventTypes source={key} rows={data.event_types} />
          <Mappings rows={data.mappings} onSwitch={readOnly ? undefined : setAsked} />
          <Refusals source={key} />
        </>
      )}
      {asked === 'switch' && row !== undefined && <SwitchSource source={key} enabled={!row.enabled} onClose={close} />}
      {asked === 'send' && data !== undefined && (
        <SendDialog source={key} types={data.samples} onClose={close} onSent={setSent} />
      )}
      {typeof asked === 'object' && (
        <SwitchMapping source={key} mapping={asked.id} active={!asked.active} onClose={close} />
      )}
    </Page>
  );
}

function Facts({ row }: { row: SourceWithoutUrl }) {
  const { idempotency } = row;
  return (
    <dl className="facts">
      <Fact name="Kind">{row.kind ?? 'not live any more; its rows are still in the log'}</Fact>
      <Fact name="Last event">
        {row.last_event_at === null ? (
          'never'
        ) : row.last_event_id === null ? (
          <Ago iso={row.last_event_at} />
        ) : (
          <Go to={['events', row.last_event_id]}>
            <Ago iso={row.last_event_at} />
          </Go>
        )}
      </Fact>
      <Fact name="Verification">
        <Verification row={row} />
      </Fact>
      <Fact name="Copies">
        {idempotency.enabled ? (
          <>
            found by <Text>{idempotency.path ?? 'no key'}</Text>, within {idempotency.window_hours} h
          </>
        ) : (
          'every copy runs'
        )}
      </Fact>
      <Fact name="Identify">{row.identify ? 'on' : 'off'}</Fact>
      <Fact name="Rows are kept">
        {row.retention_days === null ? 'as the environment says' : `${row.retention_days} days`}
      </Fact>
      {row.has_url && (
        <Fact name="Ingest URL">
          <Url source={row.key} />
        </Fact>
      )}
      {row.previous_url !== null && (
        <Fact name="Old URL">
          still valid,{' '}
          {row.previous_url.last_used_at === null ? (
            'not used since it was replaced'
          ) : (
            <>
              last used <Ago iso={row.previous_url.last_used_at} />
            </>
          )}
        </Fact>
      )}
    </dl>
  );
}

/** With the URL events can be sent, so it is shown only when it is asked for. */
function Url({ source }: { source: string }) {
  const { name, api } = useEnvironment();
  const [isShown, setShown] = useState(false);
  const { data, error } = useQuery({
    queryKey: [name, 'source', source, 'url'],
    enabled: isShown,
    gcTime: 0,
    queryFn: () => read(api.source[':key'].url.$get({ param: { key: source } })),
  });
  if (!isShown)
    return (
      <>
        <span aria-hidden="true">••••••••</span>{' '}
        <button type="button" className="plain" onClick={() => setShown(true)}>
          Show the URL
        </button>
      </>
    );
  if (error !== null) return <ProblemView error={error} />;
  if (data?.url == null) return <span className="quiet">reading…</span>;
  return (
    <>
      <code className="text">{data.url}</code> <Copy text={data.url} what="the URL" />{' '}
      <button type="button" className="plain" onClick={() => setShown(false)}>
        Hide
      </button>
    </>
  );
}

function EventTypes({ source, rows }: { source: string; rows: EventTypeRow[] }) {
  return (
    <section className="part" aria-label="Event types">
      <h2>Event types</h2>
      {rows.length === 0 ? (
        <p className="quiet">None came, and none is mapped. Send a sample, or give the sender its URL.</p>
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col">Last seen</th>
              <th scope="col">Mapped by</th>
              <th scope="col" className="wide-only">
                Sample
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ type, last_seen_at, mappings, sample_event_id, near }) => (
              <tr key={type}>
                <td>
                  <Go to={['events']} search={{ source, type }}>
                    <Text>{type}</Text>
                  </Go>
                  {near !== null && (
                    <div className="warn">
                      is <Text>{near}</Text> meant?
                    </div>
                  )}
                </td>
                <td>{last_seen_at === null ? <span className="warn">never came</span> : <Ago iso={last_seen_at} />}</td>
                <td>
                  {mappings.length === 0 ? <span className="quiet">nothing</span> : <Text>{mappings.join(', ')}</Text>}
                </td>
                <td className="wide-only">
                  {sample_event_id !== null && (
                    <Go to={['events', sample_event_id]} search={{ show: 'payload' }}>
                      payload
                    </Go>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

type MappingsProps = { rows: MappingRow[]; onSwitch: ((mapping: MappingRow) => void) | undefined };

function Mappings({ rows, onSwitch }: MappingsProps) {
  return (
    <section className="part" aria-label="Mappings">
      <h2>Mappings</h2>
      {rows.length === 0 ? (
        <p className="quiet">Its events run nothing yet. A mapping says which event runs which action.</p>
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Mapping</th>
              <th scope="col">Event</th>
              <th scope="col" className="wide-only">
                Action
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((mapping) => (
              <tr key={mapping.id}>
                <td>
                  <Go to={['events']} search={{ mapping: mapping.id }}>
                    <Text>{mapping.id}</Text>
                  </Go>
                </td>
                <td>
                  <Text>{mapping.event}</Text>
                </td>
                <td className="wide-only">
                  <Text>{mapping.action}</Text>
                </td>
                <td>
                  <Status tone={mapping.active ? 'good' : 'warn'}>{mapping.active ? 'on' : 'off'}</Status>
                  {onSwitch !== undefined && (
                    <button
                      type="button"
                      className="plain"
                      aria-label={`Switch ${mapping.active ? 'off' : 'on'} ${mapping.id}`}
                      onClick={() => onSwitch(mapping)}
                    >
                      {mapping.active ? 'Switch off…' : 'Switch on…'}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Requests of the last day that never became events. */
function Refusals({ source }: { source: string }) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'source', source, 'refusals'],
    queryFn: () =>
      read(api.source[':key'].refusals.$get({ param: { key: source }, query: {} })) as Promise<RefusalRow[]>,
    refetchInterval: 60_000,
  });
  return (
    <section className="part" aria-label="Refused requests">
      <h2>Refused requests, last day</h2>
      {error !== null && data === undefined && <ProblemView error={error} />}
      {data?.length === 0 && <p className="quiet">Every request was accepted.</p>}
      {data !== undefined && data.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">Answer</th>
              <th scope="col" className="right">
                Count
              </th>
              <th scope="col">Last</th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ reason, outcome, count: number, last_at }) => (
              <tr key={`${outcome} ${reason}`}>
                <td>{reason.replaceAll('_', ' ')}</td>
                <td>{outcome === 'refused' ? '4xx' : '503'}</td>
                <td className="right">{count(number)}</td>
                <td>
                  <Ago iso={last_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
