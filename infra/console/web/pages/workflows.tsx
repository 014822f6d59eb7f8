import { useQuery } from '@tanstack/react-query';
import type { WorkflowRow } from '../../../../shared/operations/workflows/workflow-row.ts';
import { apiPath, read } from '../client.ts';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { type Column, DataTable } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { heldText, WorkflowState } from '../workflows/state.tsx';

const askAgainMs = 10_000;

const columns: Column<WorkflowRow>[] = [
  { id: 'key', title: 'Workflow', narrow: true, cell: ({ key }) => <Text>{key}</Text> },
  { id: 'state', title: 'State', width: 110, narrow: true, cell: ({ state }) => <WorkflowState state={state} /> },
  {
    id: 'target',
    title: 'Target here',
    width: 130,
    cell: ({ target }) => (target === null ? <span className="bad">none</span> : target),
  },
  {
    id: 'held',
    title: 'Held runs',
    width: 96,
    align: 'right',
    narrow: true,
    cell: ({ held }) => (held === null ? <span className="quiet">–</span> : heldText(held)),
  },
  {
    id: 'since',
    title: 'Paused',
    cell: ({ hold }) =>
      hold === null ? (
        <span className="quiet">–</span>
      ) : (
        <>
          <Ago iso={hold.since} /> by <Text>{hold.by}</Text>
        </>
      ),
  },
  {
    id: 'breaker',
    title: 'Breaker',
    cell: ({ breaker }) =>
      breaker === null ? (
        <span className="quiet">closed</span>
      ) : (
        <span className="bad">
          open: <Text>{breaker.detail}</Text>
        </span>
      ),
  },
];

/** Every workflow of the environment, and whether its runs go on. */
export default function Workflows() {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'workflows'],
    queryFn: () => read(api.workflows.$get()) as Promise<WorkflowRow[]>,
    refetchInterval: askAgainMs,
  });
  return (
    <Page title="Workflows" fills command="workflow list" json={`${apiPath(name)}/workflows`}>
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ProblemView error={error} />
        )
      ) : data.length === 0 ? (
        <Empty title="No workflow is live here">
          <p>Describe one in infra/config/workflows, and make it live.</p>
          <code className="command">npx signalbox config push --commit</code>
        </Empty>
      ) : (
        <DataTable
          label="Workflows"
          rows={data}
          columns={columns}
          idOf={({ key }) => key}
          placeOf={({ key }) => ({ to: ['workflows', key] })}
        />
      )}
    </Page>
  );
}
