import type { Environment } from '../environment.ts';
import type { Refusal } from '../refusal.ts';
import { readSources } from './known-sources.ts';
import type { SourceRow } from './source-row.ts';
import { sourceRows } from './source-rows.ts';

/**
 * An environment, or why it can't be reached: one that is not deployed yet must not hide the
 * others.
 */
export type Reached = { name: string } & ({ environment: Environment } | { refusal: Refusal });

/** One source in one environment. */
export type SourceThere = { environment: string } & (
  | { kind: 'there'; row: SourceRow }
  /** Never committed there, and without any event. */
  | { kind: 'absent' }
  | { kind: 'unreachable'; message: string; remedies: readonly string[] }
);

/**
 * A source in each environment, side by side and in the given order; all environments are read at
 * the same time.
 */
export function sourceAcross(environments: readonly Reached[], key: string): Promise<SourceThere[]> {
  return Promise.all(
    environments.map(async (reached): Promise<SourceThere> => {
      const { name } = reached;
      if ('refusal' in reached) {
        const { message, remedies } = reached.refusal;
        return { environment: name, kind: 'unreachable', message, remedies };
      }
      const directory = await readSources(reached.environment);
      const known = directory.known.filter((source) => source.key === key);
      const [row] = await sourceRows(reached.environment, directory, known);
      return row === undefined ? { environment: name, kind: 'absent' } : { environment: name, kind: 'there', row };
    }),
  );
}
