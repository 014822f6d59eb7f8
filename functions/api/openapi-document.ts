import { openApiDocument } from './openapi.ts';
import { routes } from './routes/index.ts';

/** The document of all routes; a file of its own, since few requests need what makes it. */
export const document = openApiDocument(routes);
