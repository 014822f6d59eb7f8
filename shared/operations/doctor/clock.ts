import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Environment } from '../environment.ts';

/**
 * How far this machine's clock is ahead of the environment's, in milliseconds, to a second: the
 * `Date` of an answer against the middle of the call. Undefined when the answer has no date.
 */
export async function readClockSkew({ documents, outputs }: Environment): Promise<number | undefined> {
  let dateMs: number | undefined;
  const command = new GetCommand({ TableName: outputs.ConfigurationTable, Key: { pk: 'current', sk: 'current' } });
  command.middlewareStack.add(
    (next) => async (args) => {
      const output = await next(args);
      const { headers } = output.response as { headers?: Record<string, string> };
      const date = Date.parse(headers?.date ?? '');
      if (!Number.isNaN(date)) dateMs = date;
      return output;
    },
    { step: 'deserialize', priority: 'low', name: 'readDateOfAnswer', override: true },
  );
  const startMs = Date.now();
  await documents.send(command);
  const endMs = Date.now();
  // The date is cut to whole seconds.
  return dateMs === undefined ? undefined : (startMs + endMs) / 2 - (dateMs + 500);
}
