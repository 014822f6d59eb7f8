import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from '@jest/globals';
import { makeRoles, type RoleCaller } from '../../infra/local/access/roles.ts';
import { makeCredentials } from '../../infra/local/credentials.ts';
import { guardServer } from '../../infra/local/guard.ts';
import { accountId, region } from '../../infra/local/resources/resource-type.ts';
import { makeEventBridgeTargets } from '../../shared/adapters/event-bridge-target.ts';
import { makeStepFunctionsTargets } from '../../shared/adapters/step-functions-target.ts';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { cancelRequest, runRequest } from '../support/runs.ts';
import { functionsOf, referred, resourcesOf, type StackTemplate, templateOf } from './templates.ts';

/*
 * The calls that targets make, with the SDK's own clients, before a server that asks the synthesized role first. A local
 * run has no Step Functions and no EventBridge, so their calls are checked here.
 */

const machineArn = `arn:aws:states:${region}:${accountId}:stateMachine:orders`;
const otherMachine = `arn:aws:states:${region}:${accountId}:stateMachine:others`;
const busArn = `arn:aws:events:${region}:${accountId}:event-bus/central`;

type Statement = { Effect: string; Action: string | string[]; Resource: unknown };

/** The statements of workflow-trigger's role that are about targets, with the names of the local account. */
function statementsOf(template: StackTemplate): Statement[] {
  const trigger = functionsOf(template)['workflow-trigger'];
  return resourcesOf(template, 'AWS::IAM::Policy')
    .filter(([, { Properties }]) =>
      Properties.Roles.some((role: unknown) => referred(role) === referred(trigger?.properties.Role)),
    )
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[])
    .filter(({ Action }) => [Action].flat().some((action) => /^(states|events):/.test(action)));
}

const workflows = {
  started: { production: { type: 'step-functions', state_machine_arn: machineArn } },
  told: { production: { type: 'event-bridge', bus: busArn } },
};
const statements = statementsOf(
  templateOf(
    'production',
    {},
    {},
    Object.fromEntries(
      Object.entries(workflows).map(([key, target]) => [key, WorkflowFile.parse({ name: key, target })]),
    ),
  ),
);

/** Answers what the role may do; what it may not do never arrives. */
const answers: Record<string, (body: { Entries?: unknown[] }) => object> = {
  StartExecution: () => ({ executionArn: 'arn', startDate: 1_795_000_000 }),
  StopExecution: () => ({ stopDate: 1_795_000_000 }),
  PutEvents: ({ Entries = [] }) => ({ FailedEntryCount: 0, Entries: Entries.map((_, i) => ({ EventId: `e${i}` })) }),
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

/** A service that lets a caller do what these statements allow. */
async function serve(target: 'AWSStepFunctions' | 'AWSEvents', allowed: Statement[]) {
  const credentials = makeCredentials();
  const caller: RoleCaller = {
    credentials,
    role: {
      arn: `arn:aws:iam::${accountId}:role/workflow-trigger`,
      session: 'workflow-trigger',
      policies: [{ name: 'targets', document: { Version: '2012-10-17', Statement: allowed } }] as never,
    },
  };
  const roles = makeRoles();
  roles.add([caller]);
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const body = JSON.parse(await bodyOf(request));
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(answers[operation]?.(body) ?? {}));
  });
  guardServer(server, { credentials: makeCredentials(), roles, target }, nothingElse);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, credentials, region };
}
const nothingElse = { partitionKeyOf: () => undefined, secretArn: () => undefined };

const without = (action: string) => statements.filter(({ Action }) => ![Action].flat().includes(action));
const denied = (action: string) => ({
  kind: 'unavailable',
  detail: expect.stringMatching(new RegExp(`AccessDenied.*workflow-trigger is not authorized to perform: ${action}`)),
});

describe('a state machine', () => {
  const open = async (allowed: Statement[], state_machine_arn = machineArn) =>
    makeStepFunctionsTargets(await serve('AWSStepFunctions', allowed))('started', {
      type: 'step-functions',
      state_machine_arn,
    });

  test('is started and stopped by the role that the stack gives', async () => {
    const target = await open(statements);
    expect(await target.start(runRequest())).toMatchObject({ kind: 'accepted' });
    expect(await target.cancel?.(cancelRequest())).toMatchObject({ kind: 'cancelled' });
  });

  test('needs both permissions: without one, its call is denied in AWS’s words, and the run waits for a deploy', async () => {
    const noStart = await open(without('states:StartExecution'));
    expect(await noStart.start(runRequest())).toMatchObject(denied('states:StartExecution'));
    const noStop = await open(without('states:StopExecution'));
    expect(await noStop.cancel?.(cancelRequest())).toMatchObject(denied('states:StopExecution'));
  });

  test('of another name is out of reach', async () => {
    const target = await open(statements, otherMachine);
    expect(await target.start(runRequest())).toMatchObject(denied('states:StartExecution'));
  });
});

describe('a bus', () => {
  const open = async (allowed: Statement[], bus = busArn) =>
    makeEventBridgeTargets(await serve('AWSEvents', allowed))('told', {
      type: 'event-bridge',
      bus,
      source: 'signalbox',
      detail_type: 'workflow.run',
    });

  test('takes events from the role that the stack gives, and from no role without the permission', async () => {
    expect(await (await open(statements)).start(runRequest())).toMatchObject({ kind: 'accepted' });
    const noPut = await open(without('events:PutEvents'));
    expect(await noPut.start(runRequest())).toMatchObject(denied('events:PutEvents'));
  });

  test('of another name is out of reach', async () => {
    expect(await (await open(statements, 'default')).start(runRequest())).toMatchObject(denied('events:PutEvents'));
  });
});

test('the role has statements for both', () => {
  expect(statements.flatMap(({ Action }) => Action).sort()).toEqual([
    'events:PutEvents',
    'states:StartExecution',
    'states:StopExecution',
  ]);
});
