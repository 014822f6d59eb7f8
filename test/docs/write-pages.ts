import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { actions } from '../../shared/core/actions/index.ts';
import { openApiPage, withCallTables } from './api-pages.ts';
import { knownActionsFile } from './known-actions.ts';

// First, and the generators only then: pages of actions show what planning makes of their examples.
writeFileSync(new URL('../../shared/core/mappings/known-actions.ts', import.meta.url), knownActionsFile(actions));
const { actionPages } = await import('./action-pages.ts');
const { sourcePages } = await import('./source-pages.ts');

const docs = new URL('../../docs/', import.meta.url);
for (const folder of ['actions/', 'sources/']) mkdirSync(new URL(folder, docs), { recursive: true });
for (const [path, text] of [...(await actionPages()), ...(await sourcePages())])
  writeFileSync(new URL(path, docs), text);

writeFileSync(new URL('openapi.yaml', docs), openApiPage());
const api = new URL('api.md', docs);
writeFileSync(api, withCallTables(readFileSync(api, 'utf8')));

const { withAlarmTable } = await import('./alarm-table.ts');
const alarms = new URL('alarms.md', docs);
writeFileSync(alarms, withAlarmTable(readFileSync(alarms, 'utf8')));

const { productionFacts } = await import('./production-facts.ts');
const { scaleTables, withTables } = await import('./scale-tables.ts');
const scalePage = new URL('scale.md', docs);
writeFileSync(scalePage, withTables(readFileSync(scalePage, 'utf8'), scaleTables(await productionFacts())));
