import type { Command } from 'commander';
import { usageError } from '../../shared/operations/refusal.ts';
import type { FollowNote } from '../../shared/operations/tables/follow.ts';
import { followNoteText } from '../../shared/operations/tables/follow-note.ts';
import type { FormOptions } from './paging.ts';
import { type Column, openTable } from './terminal/table.ts';
import { printJsonLine, type Terminal } from './terminal/terminal.ts';

/**
 * Refuses what only lists that end can have.
 * @throws Refusal (usage)
 */
export function checkFollowing(options: object, names: readonly string[]): void {
  for (const name of names)
    if ((options as Record<string, unknown>)[name] !== undefined)
      throw usageError(`--${name} is for lists that end`, `leave out --${name} or --follow`);
}

/** How many existing rows a follower begins with. */
export function backlogOf({ limit }: { limit: number }, command: Command): number {
  return command.getOptionValueSource('limit') === 'default' ? 10 : limit;
}

/** Prints what a follower finds, as one table or as NDJSON, until it is ended. */
export async function printFollowed<Row>(
  terminal: Terminal,
  followed: AsyncIterable<{ rows: Row[] } | { note: FollowNote }>,
  columns: Column<Row>[],
  { json }: Pick<FormOptions, 'json'>,
): Promise<void> {
  // One heading for all batches, since they form one table.
  const table = openTable<Row>(columns, terminal);
  for await (const found of followed) {
    if ('note' in found) terminal.note(followNoteText(found.note));
    else if (json) for (const row of found.rows) printJsonLine(terminal, row);
    else terminal.out(table.text(found.rows));
    await terminal.drained();
  }
}
