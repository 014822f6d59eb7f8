import { writeFileSync } from 'node:fs';
import { localCredentials } from '../support/dynalite.ts';
import type { TestEnvironment } from './environment-for-tests.ts';

/** Writes the file that `npm start` leaves for the tool, as if it served this environment. */
export function writeRuntimeFile(file: string, environment: TestEnvironment): void {
  const { tables, queueServer, secretServer, metricsEndpoint, outputs } = environment;
  const endpoints = {
    dynamodb: tables.endpoint,
    sqs: queueServer.endpoint,
    secretsmanager: secretServer.endpoint,
    cloudwatch: metricsEndpoint,
  };
  const outputTexts = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, String(value)]));
  writeFileSync(
    file,
    JSON.stringify({
      pid: process.pid,
      started_at: new Date().toISOString(),
      environments: { development: { ...localCredentials, endpoints, outputs: outputTexts } },
    }),
  );
}
