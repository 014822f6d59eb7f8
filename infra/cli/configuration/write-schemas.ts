import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileKinds, fileSchemas, schemaText } from '../../../shared/operations/configuration/files/file-schemas.ts';

/*
 * `npm run schemas`: writes infra/config/schemas, which editors read. A test fails while they are
 * out of date.
 */

const directory = join(import.meta.dirname, '..', '..', 'config', 'schemas');
mkdirSync(directory, { recursive: true });
const schemas = fileSchemas();
for (const kind of fileKinds) writeFileSync(join(directory, `${kind}.schema.json`), schemaText(schemas[kind]));
