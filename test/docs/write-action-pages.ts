import { mkdirSync, writeFileSync } from 'node:fs';
import { actionPages } from './action-pages.ts';

const docs = new URL('../../docs/', import.meta.url);
mkdirSync(new URL('actions/', docs), { recursive: true });
for (const [path, text] of await actionPages()) writeFileSync(new URL(path, docs), text);
