import type { Command } from 'commander';
import type { ObjectRef } from '../../../shared/core/ids/entity-ref.ts';
import {
  listEntities,
  listObjects,
  readEntity,
  subscribersOf,
} from '../../../shared/operations/directory/directory.ts';
import { objectRow, subscriptionRow } from '../../../shared/operations/directory/directory-rows.ts';
import { sourceTimesOf } from '../../../shared/operations/directory/source-times.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { cursorOfName } from '../../../shared/operations/tables/cursors.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, afterName, type PageOptions, printPages } from '../paging.ts';
import { printFields } from '../terminal/fields.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { describedFields, objectColumns, subscriptionColumns } from './tables.ts';

export function register(program: Command): void {
  const objects = program
    .command('objects')
    .description('objects of the directory, by collection, and who follows them');
  const list = addPaging(objects.command('list [collection]'))
    .description('objects by id, of one collection or of all; tenants have a list of their own')
    .action((collection: string | undefined, _options, command: Command) =>
      listCommand(collection, optionsOf<PageOptions>(command), command),
    );
  examples(list, ['objects list projects', 'the first twenty, by id']);
  const get = objects
    .command('get <collection> <id>')
    .description('one object: fields and custom properties')
    .action((collection: string, id: string, _options, command: Command) =>
      getCommand({ kind: 'object', collection, id }, optionsOf(command)),
    );
  examples(get, ['objects get projects p1', 'as objects_set made it']);
  const subscribers = addPaging(objects.command('subscribers <collection> <id>'))
    .description('who is subscribed to one object')
    .action((collection: string, id: string, _options, command: Command) =>
      subscribersCommand({ kind: 'object', collection, id }, optionsOf<PageOptions>(command), command),
    );
  examples(subscribers, ['objects subscribers projects p1', 'who a trigger on it reaches']);
}

async function listCommand(
  collection: string | undefined,
  options: ReturnType<typeof optionsOf<PageOptions>>,
  command: Command,
): Promise<void> {
  const after = afterName(options);
  const environment = await connect(options);
  const objects =
    collection === undefined
      ? listObjects(environment, { after })
      : listEntities(environment, { kind: 'object', collection }, { after });
  await printPages(
    processTerminal(),
    {
      rows: mapped(objects, objectRow),
      cursorOf: (row) => cursorOfName(`${row.collection}/${row.id}`),
    },
    {
      noun: 'object',
      columns: objectColumns(Date.now()),
      none: () => (collection === undefined ? 'no objects' : `no objects in collection ${collection}`),
    },
    options,
    command,
  );
}

async function getCommand(ref: ObjectRef, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const object = await findObject(await connect(options), ref);
  const row = objectRow(object);
  if (options.json) {
    printJson(terminal, { ...row, source_times: sourceTimesOf(object) });
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
  options: ReturnType<typeof optionsOf<PageOptions>>,
  command: Command,
): Promise<void> {
  const after = afterName(options);
  const environment = await connect(options);
  await findObject(environment, ref);
  await printPages(
    processTerminal(),
    {
      rows: mapped(subscribersOf(environment, ref, { after }), subscriptionRow),
      cursorOf: ({ recipient }) => cursorOfName(recipient),
    },
    {
      noun: 'subscriber',
      columns: subscriptionColumns('recipient', Date.now()),
      none: () => `no one is subscribed to ${ref.collection}/${ref.id}`,
    },
    options,
    command,
  );
}

async function findObject(environment: Environment, ref: ObjectRef) {
  const object = await readEntity(environment, ref);
  if (object !== undefined) return object;
  throw notFound(
    `no object ${ref.collection}/${ref.id} in ${environment.name}`,
    `npx signalbox objects list ${ref.collection} shows what the collection holds`,
  );
}
