import { Logger } from '@aws-lambda-powertools/logger';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { patientCalls } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import { asError } from '../../shared/core/errors.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { checkVolume } from '../../shared/operations/sources/expectations.ts';

const env = readEnvironment(process.env, 'ENVIRONMENT', 'CONFIGURATION_TABLE');
const logger = new Logger({ serviceName: 'volume' });
const metrics = makeStageMetrics(env.ENVIRONMENT);
const configuration = { client: makeDocumentClient(patientCalls), table: env.CONFIGURATION_TABLE };
const cloudWatch = new CloudWatchClient(patientCalls);
const environment = { name: env.ENVIRONMENT, metrics: async () => cloudWatch };

/**
 * Once an hour, a few minutes after it is full. Each source counts 0 or 1: a 0 ends the alarm. Lambda
 * tries it again twice when it throws; counting twice changes nothing, since alarms watch the highest.
 */
export async function handler(): Promise<{ compared: number; unusual: string[] }> {
  try {
    const { snapshot } = await readLive(configuration);
    const checks = await checkVolume(environment, snapshot, Date.now());
    for (const { source, unusual, thisHour, sameHourLastWeek, expected } of checks) {
      metrics.count(source, 'VolumeUnusual', unusual ? 1 : 0);
      if (unusual) logger.warn('the volume of a source is unusual', { source, thisHour, sameHourLastWeek, expected });
    }
    return { compared: checks.length, unusual: checks.flatMap(({ source, unusual }) => (unusual ? [source] : [])) };
  } catch (error) {
    logFailure(logger, 'volumes could not be compared', asError(error), {});
    throw error;
  } finally {
    metrics.flush();
  }
}
