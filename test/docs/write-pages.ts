import { mkdirSync, writeFileSync } from 'node:fs';
import { actionPages } from './action-pages.ts';
import { sourcePages } from './source-pages.ts';

const docs = new URL('../../docs/', import.meta.url);
for (const folder of ['actions/', 'sources/']) mkdirSync(new URL(folder, docs), { recursive: true });
for (const [path, text] of [...(await actionPages()), ...(await sourcePages())])
  writeFileSync(new URL(path, docs), text);
