import { Ajv2020 } from 'ajv/dist/2020.js';
import { documentedPath, openApiDocument } from '../../functions/api/openapi.ts';
import { routes } from '../../functions/api/routes/index.ts';

/* Imported once per worker: what an answer must be like is compiled when the first such answer is checked. */

const document = openApiDocument(routes);
// zod writes the pattern of these beside their format.
const ajv = new Ajv2020({ allowUnionTypes: true, formats: { 'date-time': true, uuid: true } });
for (const keyword of ['openapi', 'info', 'servers', 'security', 'tags', 'paths', 'components'])
  ajv.addKeyword(keyword);
ajv.addSchema(document, 'api');
const pointer = (...parts: (string | number)[]) =>
  parts.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

/**
 * Throws when an answer is not as the OpenAPI document of the routes says.
 * @param found a route's method and path; undefined for a request that none has
 */
export function checkAnswer(found: { method: string; path: string } | undefined, status: number, body: unknown): void {
  const responses = found && document.paths[documentedPath(found)]?.[found.method.toLowerCase()]?.responses;
  const response = responses?.[status] as { $ref?: string; content?: object } | undefined;
  const what = `${found?.method} ${found?.path}: ${status}`;
  if (found !== undefined && response === undefined) throw new Error(`${what} is not in the OpenAPI document`);
  const place =
    response?.$ref?.slice(2) ??
    (found && pointer('paths', documentedPath(found), found.method.toLowerCase(), 'responses', status));
  if (response !== undefined && response.$ref === undefined && response.content === undefined) {
    if (body !== undefined) throw new Error(`${what} has a body, which the OpenAPI document does not know`);
    return;
  }
  const schema = place === undefined ? 'components/schemas/Error' : `${place}/content/application~1json/schema`;
  const validate = ajv.getSchema(`api#/${schema}`);
  if (validate === undefined) throw new Error(`${what}: the OpenAPI document has no ${schema}`);
  if (!validate(body))
    throw new Error(`${what} is not as the OpenAPI document says: ${ajv.errorsText(validate.errors)}`);
}
