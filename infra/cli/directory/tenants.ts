import type { Command } from 'commander';
import { tenantsCollection } from '../../../shared/core/ids/entity-ref.ts';
import { listEntities, readEntity } from '../../../shared/operations/directory/directory.ts';
import { tenantRow } from '../../../shared/operations/directory/directory-rows.ts';
import { sourceTimesOf } from '../../../shared/operations/directory/source-times.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { cursorOfName } from '../../../shared/operations/tables/cursors.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { defaultList, examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, afterName, type PageOptions, printPages } from '../paging.ts';
import { printFields } from '../terminal/fields.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { describedFields, tenantColumns } from './tables.ts';

export function register(program: Command): void {
  const tenants = program.command('tenants').description('tenants of the directory');
  const list = addPaging(defaultList(tenants))
    .description('tenants by id')
    .action((_options, command: Command) => listCommand(optionsOf<PageOptions>(command), command));
  examples(list, ['tenants', 'the first twenty, by id']);
  const get = tenants
    .command('get <id>')
    .description('one tenant: settings and custom properties')
    .action((id: string, _options, command: Command) => getCommand(id, optionsOf(command)));
  examples(get, ['tenants get acme', 'as tenants_set made it']);
}

async function listCommand(options: ReturnType<typeof optionsOf<PageOptions>>, command: Command): Promise<void> {
  const after = afterName(options);
  const tenants = listEntities(
    await connect(options),
    { kind: 'object', collection: tenantsCollection },
    { after: after === undefined ? undefined : `${tenantsCollection}/${after}` },
  );
  await printPages(
    processTerminal(),
    { rows: mapped(tenants, tenantRow), cursorOf: ({ id }) => cursorOfName(id) },
    { noun: 'tenant', columns: tenantColumns(Date.now()), none: () => 'no tenants' },
    options,
    command,
  );
}

async function getCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const tenant = await readEntity(environment, { kind: 'object', collection: tenantsCollection, id });
  if (tenant === undefined) {
    throw notFound(
      `no tenant ${id} in ${environment.name}`,
      'tenants appear when tenants_set, or a trigger that names one, has run',
    );
  }
  const row = tenantRow(tenant);
  if (options.json) {
    printJson(terminal, { ...row, source_times: sourceTimesOf(tenant) });
    return;
  }
  const nowMs = Date.now();
  const { id: _id, properties, settings, preferences, inserted_at, updated_at, version: _version, ...fields } = row;
  printFields(terminal, `Tenant ${row.id}`, [
    ...describedFields({ ...fields, ...properties, settings, preferences }),
    ['first seen', formatWhen(Date.parse(inserted_at), nowMs)],
    ['changed', formatWhen(Date.parse(updated_at), nowMs)],
  ]);
}
