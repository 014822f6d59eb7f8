import { readErasures } from '../../../shared/operations/persons/erasures.ts';
import { type ExportedKind, exportedKinds, exportPerson } from '../../../shared/operations/persons/export-person.ts';
import { readPerson } from '../../../shared/operations/persons/person.ts';
import { formatCount, plural } from '../../../shared/operations/words/text.ts';
import type { GlobalOptions } from '../command.ts';
import { connect } from '../environment.ts';
import { openOutput } from '../terminal/output.ts';
import { processTerminal } from '../terminal/terminal.ts';

type ExportOptions = GlobalOptions & { also?: string[]; output?: string };

const progressEveryMs = 3_000;

/** Ends with the number of lines of each kind, or says that the export is incomplete. */
export async function exportCommand(id: string, options: ExportOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const person = await readPerson(environment, [id, ...(options.also ?? [])]);
  if (person.ids.length > 1) terminal.note(`the person is also known as ${person.ids.slice(1).join(', ')}`);
  const output = await openOutput(terminal, options.output);
  const counts = new Map<ExportedKind, number>(exportedKinds.map((kind) => [kind, 0]));
  const lines = () => [...counts.values()].reduce((sum, count) => sum + count, 0);
  let saidAtMs = performance.now();
  try {
    for await (const { kind, line } of exportPerson(environment, person)) {
      await output.write(`${line}\n`);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (performance.now() - saidAtMs < progressEveryMs) continue;
      saidAtMs = performance.now();
      terminal.note(`${plural(lines(), 'line')} so far`);
    }
  } catch (error) {
    terminal.note(`INCOMPLETE: ${plural(lines(), 'line')} written, then it failed; run it again`);
    throw error;
  } finally {
    await output.close();
  }
  const parts = [...counts].map(([kind, count]) => `${formatCount(count)} ${kind}`);
  terminal.note(`complete: ${parts.join(', ')}${options.output === undefined ? '' : `, in ${options.output}`}`);
  const [erasure] = await readErasures(environment, id);
  if (erasure !== undefined && erasure.allowed_at === null)
    terminal.note(`this person was erased at ${erasure.erased_at}; rows that stay do not lead back to them`);
  terminal.note(
    'not in it: events of others that name the person, and bulk requests of the REST API. See docs/persons.md',
  );
}
