import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { RunRow } from '../../../../shared/operations/runs/run-row.ts';
import { pathPart } from '../addresses.ts';
import { apiPath, read } from '../client.ts';
import { EntityLink, TenantLink } from '../directory/link.tsx';
import { Copy } from '../parts/copy.tsx';
import { Fact } from '../parts/facts.tsx';
import { JsonTree } from '../parts/json.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { useToast } from '../parts/toast.tsx';
import { quoted } from '../parts/words.ts';
import { RunStatus } from '../runs/status.tsx';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePathParam } from '../shell/go.tsx';

const waits = ({ status }: RunRow) => status === 'pending' || status === 'held';

/** One run: its data, its target, and what the target answered; cancel it while it waits. */
export default function Run() {
  const id = usePathParam('id');
  const { name, api, readOnly } = useEnvironment();
  const toast = useToast();
  const [isCancelling, setCancelling] = useState(false);
  const { data, error } = useQuery({
    queryKey: [name, 'runs', 'one', id],
    queryFn: () => read(api.runs[':id'].$get({ param: { id } })) as Promise<unknown> as Promise<RunRow>,
    refetchInterval: ({ state }) => (state.error !== null || (state.data && waits(state.data)) ? 2_000 : false),
  });
  return (
    <Page
      title="Run"
      command={`runs show ${quoted(id)}`}
      json={`${apiPath(name)}/runs/${pathPart(id)}`}
      aside={
        <>
          <Id>{id}</Id>
          <Copy text={id} what="the id" />
          {data !== undefined && <RunStatus status={data.status} />}
          <span className="grow" />
          {data !== undefined && waits(data) && !readOnly && (
            <button type="button" className="button" onClick={() => setCancelling(true)}>
              Cancel…
            </button>
          )}
        </>
      }
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && (
        <>
          {data.error !== null && (
            <div className="now bad" role="status">
              <Text>{data.error}</Text>
            </div>
          )}
          <dl className="facts">
            <Fact name="Workflow">
              <Go to={['workflows', data.workflow]}>
                <Text>{data.workflow}</Text>
              </Go>
            </Fact>
            <Fact name="Recipient">
              <EntityLink of={data.recipient} />
            </Fact>
            <Fact name="Event">
              <Go to={['events', data.event_id]}>
                <Id>{data.event_id}</Id>
              </Go>
            </Fact>
            <Fact name="Mapping">
              <Text>{data.mapping}</Text>
            </Fact>
            <Fact name="Target">
              {data.target}, {data.attempts === 1 ? '1 attempt' : `${data.attempts} attempts`}
            </Fact>
            <Fact name="Started">
              <Time iso={data.inserted_at} precise />
            </Fact>
            <Fact name="Changed">
              <Time iso={data.updated_at} precise />
            </Fact>
            {data.actor !== null && (
              <Fact name="Actor">
                <Text>{data.actor}</Text>
              </Fact>
            )}
            {data.tenant !== null && (
              <Fact name="Tenant">
                <TenantLink id={data.tenant} />
              </Fact>
            )}
            {data.cancellation_key !== null && (
              <Fact name="Cancellation key">
                <Text>{data.cancellation_key}</Text>
              </Fact>
            )}
            {data.cancel_reason !== null && (
              <Fact name="Cancelled by">
                <Text>{data.cancel_reason}</Text>
              </Fact>
            )}
          </dl>
          {data.target_reference !== null && (
            <section className="part" aria-label="What the target answered">
              <h2>What the target answered</h2>
              <JsonTree value={data.target_reference} />
            </section>
          )}
          <section className="part" aria-label="Data">
            <h2>Data</h2>
            <JsonTree value={data.data} />
          </section>
        </>
      )}
      {isCancelling && (
        <ChangeDialog
          title="Cancel the run"
          verb="Cancel the run"
          danger
          change={(confirmed) => read(api.runs[':id'].cancel.$post({ param: { id } }, confirmed))}
          onClose={() => setCancelling(false)}
          onDone={({ trigger_is_over, problem }) => {
            setCancelling(false);
            if (problem !== null)
              toast(`cancelled; its trigger stays pending until its delay is over: ${problem}`, 'bad');
            else toast(trigger_is_over ? 'cancelled; its trigger has no run left and has ended' : 'cancelled');
          }}
        >
          <p>Its target has not got it yet, and will not get it. Other runs of the same trigger go on.</p>
        </ChangeDialog>
      )}
    </Page>
  );
}
