import { createServer } from 'node:http';

export type TestSecrets = {
  endpoint: string;
  /** By full name: `signalbox/test/ingest`. Delete a name and the secret is gone. */
  secrets: Map<string, string>;
  /** Names asked for, in order. */
  reads: string[];
  /** While true every read is answered 500. */
  down: boolean;
  /** Answers instead of a value, by full name. */
  answers: Map<string, { __type: string; Message: string } | { SecretBinary: string }>;
  stop(): Promise<void>;
};

/** Secrets Manager's GetSecretValue on a free port, in its JSON protocol, and a DescribeSecret that knows of no description. */
export async function startSecrets(): Promise<TestSecrets> {
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    };
    const operation = String(request.headers['x-amz-target']).replace('secretsmanager.', '');
    if (!['GetSecretValue', 'DescribeSecret'].includes(operation))
      return answer(400, { __type: 'UnknownOperationException' });
    const { SecretId } = JSON.parse(Buffer.concat(chunks).toString());
    if (operation === 'GetSecretValue') test.reads.push(SecretId);
    if (test.down) return answer(500, { __type: 'InternalServiceError' });
    const instead = operation === 'GetSecretValue' ? test.answers.get(SecretId) : undefined;
    if (instead !== undefined) return answer('__type' in instead ? 400 : 200, instead);
    const SecretString = test.secrets.get(SecretId);
    if (SecretString === undefined)
      return answer(400, { __type: 'ResourceNotFoundException', Message: 'no such secret' });
    answer(200, { Name: SecretId, ...(operation === 'GetSecretValue' && { SecretString }) });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const test: TestSecrets = {
    endpoint: `http://127.0.0.1:${address.port}`,
    secrets: new Map(),
    reads: [],
    down: false,
    answers: new Map(),
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return test;
}
