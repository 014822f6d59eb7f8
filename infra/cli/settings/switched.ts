import type { Changed } from '../../../shared/operations/settings/change.ts';
import type { GlobalOptions } from '../command.ts';
import { printJson, type Terminal } from '../terminal/terminal.ts';

/** A switch's result: one line, or a row with the environment and its new version. */
export function printSwitched(
  terminal: Terminal,
  { json }: GlobalOptions,
  { kind, version }: Changed,
  { environment, what, state, row }: { environment: string; what: string; state: string; row: object },
): void {
  if (json) printJson(terminal, { environment, ...row, version, changed: kind === 'changed' });
  else if (kind === 'unchanged') terminal.out(`${what} is ${state} in ${environment} already`);
  else terminal.out(`${what} is ${state} in ${environment} from version ${version}, within 30 s`);
}
