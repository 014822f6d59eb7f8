import { useQuery } from '@tanstack/react-query';
import type { RefusalRow } from '../../../../shared/operations/refusals/refusals.ts';
import { read } from '../client.ts';
import { ProblemView } from '../parts/problem.tsx';
import { Ago } from '../parts/time.tsx';
import { count } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';

/** Requests of the last day that never became events. */
export function Refusals({ source }: { source: string }) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'source', source, 'refusals'],
    queryFn: () =>
      read(api.source[':key'].refusals.$get({ param: { key: source }, query: {} })) as Promise<
        (RefusalRow & { means: string; change?: string })[]
      >,
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
              <th scope="col" className="wide-only">
                What to change
              </th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ reason, outcome, count: number, last_at, means, change }) => (
              <tr key={`${outcome} ${reason}`}>
                <td>{reason.replaceAll('_', ' ')}</td>
                <td>{outcome === 'refused' ? '4xx' : '503'}</td>
                <td className="right">{count(number)}</td>
                <td>
                  <Ago iso={last_at} />
                </td>
                <td className="wide-only quiet">
                  {means} {change}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
