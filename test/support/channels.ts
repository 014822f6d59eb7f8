import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Told = { path: string; headers: IncomingHttpHeaders; text: string; body: Record<string, unknown> };

/** Slack, PagerDuty and a webhook's receiver on this machine: each answers as its guide says. */
export type ChannelServers = {
  /** `http://127.0.0.1:1234` */
  url: string;
  /** Accepted requests, in order. */
  told: Told[];
  /** Every request, accepted or not. */
  requests: Told[];
  /** Instead of an acceptance, by path; `hang`: no answer. */
  answers: Map<string, { status: number; headers?: Record<string, string>; text?: string } | 'hang'>;
  stop(): Promise<void>;
};

const paths = {
  slack: '/services/T0/B0/slack-token',
  pagerduty: '/v2/enqueue',
  webhook: '/alarms',
};
export const channelPaths: typeof paths = paths;

const acceptances: Record<string, { status: number; text: string }> = {
  [paths.slack]: { status: 200, text: 'ok' },
  [paths.pagerduty]: { status: 202, text: '{"status":"success","message":"Event processed","dedup_key":"k"}' },
  [paths.webhook]: { status: 204, text: '' },
};

export async function startChannels(): Promise<ChannelServers> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const told = { path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) };
    channels.requests.push(told);
    const answer = channels.answers.get(told.path) ?? acceptances[told.path] ?? { status: 404, text: 'no_service' };
    if (answer === 'hang') return;
    if (answer.status < 300) channels.told.push(told);
    response.writeHead(answer.status, 'headers' in answer ? answer.headers : {}).end(answer.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const channels: ChannelServers = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told: [],
    requests: [],
    answers: new Map(),
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return channels;
}

/** What CloudWatch tells SNS of an alarm. */
export function alarmMessage(
  name: string,
  state: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA',
  atMs: number,
  change: Record<string, unknown> = {},
): string {
  return JSON.stringify({
    AlarmName: name,
    AlarmDescription: 'What CloudWatch knows of it.',
    AWSAccountId: '123456789012',
    NewStateValue: state,
    NewStateReason:
      'Threshold Crossed: 1 out of the last 1 datapoints [35.0 (29/11/26 14:00:00)] was greater than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).',
    StateChangeTime: new Date(atMs).toISOString().replace('Z', '+0000'),
    Region: 'EU (Frankfurt)',
    AlarmArn: `arn:aws:cloudwatch:eu-central-1:123456789012:alarm:${name}`,
    OldStateValue: state === 'OK' ? 'ALARM' : 'OK',
    ...change,
  });
}
