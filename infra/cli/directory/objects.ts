import type { Command } from 'commander';
import type { ObjectRef } from '../../../shared/core/ids/entity-ref.ts';
import { listEntities, readEntity, subscribersOf } from '../../../shared/operations/directory/directory.ts';
import { objectRow, subscriptionRow } from '../../../shared/operations/directory/directory-rows.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { take } from '../../../shared/operations/tables/newest-first.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { examples, optionsOf, positiveInteger } from '../command.ts';
import { connect } from '../environment.ts';
import { printFields } from '../terminal/fields.ts';
import { printList } from '../terminal/print-list.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { describedFields, objectColumns, subscriptionColumns } from './tables.ts';

type ListOptions = { limit: number };

export function register(program: Command): void {
  const objects = program
    .command('objects')
    .description('objects of the directory, by collection, and who follows them');
  const list = objects
    .command('list <collection>')
    .description('objects of one collection by id')
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action((collection: string, _options, command: Command) =>
      listCommand(collection, optionsOf<ListOptions>(command)),
    );
  examples(list, ['objects list projects', 'the first twenty, by id']);
  const get = objects
    .command('get <collection> <id>')
    .description('one object: fields and custom properties')
    .action((collection: string, id: string, _options, command: Command) =>
      getCommand({ kind: 'object', collection, id }, optionsOf(command)),
    );
  examples(get, ['objects get projects p1', 'as objects_set made it']);
  const subscribers = objects
    .command('subscribers <collection> <id>')
    .description('who is subscribed to one object')
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action((collection: string, id: string, _options, command: Command) =>
      subscribersCommand({ kind: 'object', collection, id }, optionsOf<ListOptions>(command)),
    );
  examples(subscribers, ['objects subscribers projects p1', 'who a trigger on it reaches']);
}

async function listCommand(
  collection: string,
  { limit, json, ...options }: ReturnType<typeof optionsOf<ListOptions>>,
): Promise<void> {
  const environment = await connect(options);
  const rows = (await take(listEntities(environment, { kind: 'object', collection }), limit + 1)).map(objectRow);
  const none = `no objects in collection ${collection}`;
  printList(processTerminal(), { rows, limit, columns: objectColumns(Date.now()), none, json });
}

async function getCommand(ref: ObjectRef, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const row = objectRow(await findObject(await connect(options), ref));
  if (options.json) {
    printJson(terminal, row);
    return;
  }
  const nowMs = Date.now();
  const { collection, id, properties, preferences, inserted_at, updated_at, version: _version, ...fields } = row;
  printFields(terminal, `Object ${collection}/${id}`, [
    ...describedFields({ ...fields, ...properties, preferences }),
    ['first seen', formatWhen(Date.parse(inserted_at), nowMs)],
    ['changed', formatWhen(Date.parse(updated_at), nowMs)],
  ]);
}

async function subscribersCommand(
  ref: ObjectRef,
  { limit, json, ...options }: ReturnType<typeof optionsOf<ListOptions>>,
): Promise<void> {
  const environment = await connect(options);
  await findObject(environment, ref);
  const rows = (await take(subscribersOf(environment, ref), limit + 1)).map(subscriptionRow);
  const columns = subscriptionColumns('recipient', Date.now());
  const none = `no one is subscribed to ${ref.collection}/${ref.id}`;
  printList(processTerminal(), { rows, limit, columns, none, json });
}

async function findObject(environment: Environment, ref: ObjectRef) {
  const object = await readEntity(environment, ref);
  if (object !== undefined) return object;
  throw notFound(
    `no object ${ref.collection}/${ref.id} in ${environment.name}`,
    `npx signalbox objects list ${ref.collection} shows what the collection holds`,
  );
}
