// `npm run test:runtime` runs it first.
import { installLambdaClient } from './lambda-client.ts';

const found = await installLambdaClient((line) => console.error(line));
if (found.kind === 'missing') console.error(`Lambda's runtime client is missing: ${found.why}`);
