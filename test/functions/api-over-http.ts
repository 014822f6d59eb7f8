import Knock from '@knocklabs/node';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { answerRequest } from '../../functions/api/answer-request.ts';
import { startApiGateway } from '../../infra/local/api-gateway.ts';
import type { TestApi } from './api-for-tests.ts';

export type ServedApi = {
  /** The official client, with its own retries. */
  client: Knock;
  /** What the gateway passed on. */
  requests: APIGatewayProxyEventV2[];
  /** Answers that the gateway gives by itself, before the function is asked again. */
  gatewayAnswers: object[];
  stop(): Promise<void>;
};

/** The API over HTTP, through the local gateway. */
export async function serveApi(api: TestApi): Promise<ServedApi> {
  const requests: APIGatewayProxyEventV2[] = [];
  const gatewayAnswers: object[] = [];
  const gateway = await startApiGateway({
    port: 0,
    metrics: () => ({}),
    onFailure(error) {
      throw error;
    },
  });
  const invoke = async (payload: string) => {
    const event = JSON.parse(payload) as APIGatewayProxyEventV2;
    requests.push(event);
    return JSON.stringify(gatewayAnswers.shift() ?? (await answerRequest(event, api.deps)));
  };
  gateway.serve([{ routeKey: 'ANY /v1/{proxy+}', timeoutMs: 29_000, function: { invoke } }]);
  return {
    client: new Knock({ apiKey: api.key, baseURL: gateway.url }),
    requests,
    gatewayAnswers,
    stop: () => gateway.stop(),
  };
}
