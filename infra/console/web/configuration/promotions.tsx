import { useQuery } from '@tanstack/react-query';
import { apiOf, read } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { plural } from '../parts/words.ts';
import { Objections } from './objections.tsx';
import { refOf } from './use-configuration.ts';

type PromotionsProps = {
  /** Environments in the order of promotion. */
  columns: readonly string[];
  onPromote: ((from: string, to: string) => void) | undefined;
};

/** What each promotion would bring, and why it would be refused. */
export function Promotions({ columns, onPromote }: PromotionsProps) {
  const steps = columns.slice(1).map((to, i) => ({ from: columns[i] ?? '', to }));
  if (steps.length === 0) return null;
  return (
    <section className="part" aria-label="Promotions">
      <h2>Promotions</h2>
      {steps.map(({ from, to }) => (
        <Step key={to} from={from} to={to} onPromote={onPromote} />
      ))}
    </section>
  );
}

function Step({ from, to, onPromote }: { from: string; to: string } & Pick<PromotionsProps, 'onPromote'>) {
  const { data, error } = useQuery({
    queryKey: [to, 'configuration', 'promotion'],
    queryFn: () => read(apiOf(to).configuration.promote['dry-run'].$post({ json: {} })),
    refetchInterval: 20_000,
  });
  const isNothing = data?.changes.length === 0;
  return (
    <div className="promotion">
      <div className="part-head">
        <h3>
          {from} → {to}
        </h3>
        {data !== undefined && (
          <span className={data.objections.length > 0 ? 'grow warn' : 'grow quiet'}>
            {isNothing
              ? 'nothing to promote'
              : `${plural(data.changes.length, 'resource')}: ${data.changes.map(refOf).join(', ')}`}
            {data.objections.length > 0 && `; it would be refused`}
          </span>
        )}
        {onPromote && data !== undefined && !isNothing && (
          <button type="button" className="button" onClick={() => onPromote(from, to)}>
            Promote to {to}…
          </button>
        )}
      </div>
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && <Objections objections={data.objections} />}
    </div>
  );
}
