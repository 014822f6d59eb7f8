import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { validate, version } from 'uuid';
import { makeStepFunctionsTargets } from '../../shared/adapters/step-functions-target.ts';
import { localCredentials } from '../support/dynalite.ts';
import { cancelRequest, runRequest } from '../support/runs.ts';
import { awsError, awsJson, startWireServer } from '../support/wire-server.ts';

const arn = 'arn:aws:states:eu-west-1:123456789012:stateMachine:orders';
let server: Awaited<ReturnType<typeof startWireServer>>;
/** Executions that the server has, by name; it takes each name once, as standard state machines do. */
const executions = new Map<string, unknown>();

beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  executions.clear();
  server.received.length = 0;
  server.world.answer = ({ json, headers }, response) => {
    switch (headers['x-amz-target']) {
      case 'AWSStepFunctions.StartExecution': {
        const name = String(json.name);
        if (executions.has(name)) return awsError(response, 400, 'ExecutionAlreadyExists');
        executions.set(name, json.input);
        const executionArn = `${String(json.stateMachineArn).replace(':stateMachine:', ':execution:')}:${name}`;
        return awsJson(response, 200, { executionArn, startDate: 1_795_000_000 });
      }
      case 'AWSStepFunctions.StopExecution': {
        const name = String(json.executionArn).split(':').at(-1) ?? '';
        if (!executions.delete(name)) return awsError(response, 400, 'ExecutionDoesNotExist');
        return awsJson(response, 200, { stopDate: 1_795_000_000 });
      }
    }
  };
});

const open = (state_machine_arn = arn) =>
  makeStepFunctionsTargets({ endpoint: server.url, credentials: localCredentials.credentials })('order-completed', {
    type: 'step-functions',
    state_machine_arn,
  });

describe('a run', () => {
  test('is one execution, named after it, whose input is the run', async () => {
    const request = runRequest();
    const answer = await open().start(request);
    const [name] = [...executions.keys()];
    expect(answer).toEqual({
      kind: 'accepted',
      reference: { execution_arn: `arn:aws:states:eu-west-1:123456789012:execution:orders:${name}` },
    });
    expect(request.messageId).toBe(`msg_${name}`);
    expect([validate(name), version(name ?? ''), name?.length]).toEqual([true, 5, 36]);
    expect(JSON.parse(String(executions.get(name ?? '')))).toEqual(request.message);
    expect(server.received[0]?.json).toMatchObject({ stateMachineArn: arn });
  });

  test('is asked for in the region of its state machine', async () => {
    await open().start(runRequest());
    expect(server.received[0]?.headers.authorization).toContain('/eu-west-1/states/aws4_request');
  });

  test('asked for again, even with another input, is the same execution and a success', async () => {
    await open().start(runRequest());
    const again = await open().start(runRequest('lena', { data: { total: 28 } }));
    expect(again).toMatchObject({ kind: 'accepted', reference: { existed: true } });
    expect(executions.size).toBe(1);
  });

  test.each(['2', 'live'])('of a version or alias (%s) belongs to the state machine', async (qualifier) => {
    const answer = await open(`${arn}:${qualifier}`).start(runRequest());
    expect(server.received[0]?.json).toMatchObject({ stateMachineArn: `${arn}:${qualifier}` });
    const [name] = [...executions.keys()];
    expect(answer).toMatchObject({
      reference: { execution_arn: `arn:aws:states:eu-west-1:123456789012:execution:orders:${name}` },
    });
  });
});

describe('what an error means', () => {
  test.each([
    [400, 'ThrottlingException', 'target_busy'],
    [400, 'ExecutionLimitExceeded', 'target_busy'],
    [429, 'TooManyRequestsException', 'target_busy'],
    [500, 'InternalFailure', 'target_unavailable'],
    [503, 'ServiceUnavailable', 'target_unavailable'],
    [400, 'AccessDeniedException', 'target_unavailable'],
    [400, 'ExpiredTokenException', 'target_unavailable'],
    [400, 'UnrecognizedClientException', 'target_unavailable'],
  ])('%d %s: try again (%s)', async (status, type, reason) => {
    server.world.answer = (_request, response) => awsError(response, status, type);
    expect(await open().start(runRequest())).toEqual({
      kind: 'unavailable',
      reason,
      detail: `Step Functions: ${type}: why`,
    });
  });

  test.each([
    'StateMachineDoesNotExist',
    'StateMachineDeleting',
    'InvalidExecutionInput',
    'InvalidName',
    'ValidationException',
  ])('%s: refused for good, asked once', async (type) => {
    server.world.answer = (_request, response) => awsError(response, 400, type);
    expect(await open().start(runRequest())).toEqual({
      kind: 'refused',
      detail: `Step Functions: ${type}: why`,
      reference: { error: type },
    });
    expect(server.received).toHaveLength(1);
  });

  test('no answer in time: try again', async () => {
    server.world.answer = () => undefined;
    const startedAtMs = Date.now();
    expect(await open().start(runRequest('lena', {}, 150))).toMatchObject({
      kind: 'unavailable',
      reason: 'target_timeout',
      detail: 'Step Functions did not answer in time',
    });
    expect(Date.now() - startedAtMs).toBeLessThan(1500);
  });

  test('no connection: try again', async () => {
    const target = makeStepFunctionsTargets({
      endpoint: 'http://127.0.0.1:1',
      credentials: localCredentials.credentials,
    });
    expect(
      await target('order-completed', { type: 'step-functions', state_machine_arn: arn }).start(runRequest()),
    ).toMatchObject({ kind: 'unavailable', reason: 'target_unavailable' });
  });
});

describe('a cancellation', () => {
  test('stops the execution of just that run', async () => {
    for (const user of ['lena', 'ivo']) await open().start(runRequest(user));
    expect(await open().cancel?.(cancelRequest('lena'))).toMatchObject({ kind: 'cancelled' });
    expect([...executions.keys()]).toEqual([runRequest('ivo').messageId.slice(4)]);
    expect(server.received.at(-1)?.json).toMatchObject({ cause: 'workflows_cancel' });
  });

  test('of an execution that does not exist is too late', async () => {
    expect(await open().cancel?.(cancelRequest())).toMatchObject({
      kind: 'too_late',
      detail: expect.stringContaining('ExecutionDoesNotExist'),
    });
  });

  test('is tried again while Step Functions is away', async () => {
    server.world.answer = (_request, response) => awsError(response, 503, 'ServiceUnavailable');
    expect(await open().cancel?.(cancelRequest())).toMatchObject({ kind: 'unavailable' });
  });
});
