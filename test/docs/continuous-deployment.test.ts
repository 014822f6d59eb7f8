import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CollectionTag, parse, type ScalarTag } from 'yaml';
import { makeRoleAccess } from '../../infra/local/access/role-access.ts';
import { listen, stopServer } from '../../infra/local/http-server.ts';
import type { PolicyDocument } from '../../infra/local/resources/policy.ts';
import { accountId, region } from '../../infra/local/resources/resource-type.ts';
import { planConfiguration } from '../../shared/operations/configuration/plan.ts';
import { marker, planMarkdown } from '../../shared/operations/configuration/plan-markdown.ts';
import { eventEntry } from '../cli/entries-for-tests.ts';
import { startEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../support/build.ts';
import { loadCommands, refusedBecause } from './cli-commands.ts';

const folder = new URL('../../docs/examples/github-actions/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');

type Step = { uses?: string; run?: string; if?: string; env?: Record<string, string>; with?: Record<string, unknown> };
type Job = { permissions?: Record<string, string>; environment?: string; needs?: string; if?: string; steps: Step[] };
type Workflow = { on: Record<string, unknown>; permissions: unknown; jobs: Record<string, Job> };
const workflows = readdirSync(folder).filter((name) => name.endsWith('.yml'));
const workflowOf = (name: string) => parse(read(name)) as Workflow;
const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

describe.each(workflows)('%s', (name) => {
  const { permissions, jobs } = workflowOf(name);
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  beforeAll(loadCommands);

  test('pins every action by its commit, and names the version', () => {
    const uses = read(name).match(/uses: .*/g) ?? [];
    expect(uses.length).toBeGreaterThan(3);
    for (const line of uses) expect(line).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('gives each job no more than it needs', () => {
    expect(permissions).toEqual({});
    for (const { permissions: own, steps: its } of Object.values(jobs)) {
      const signsIn = its.some(({ uses }) => uses?.includes('configure-aws-credentials'));
      const comments = its.some(({ run }) => run?.includes('comment.mjs'));
      expect(own).toEqual({
        contents: 'read',
        ...(signsIn && { 'id-token': 'write' }),
        ...(comments && { 'pull-requests': 'write' }),
      });
      // The token is not left for the code that runs afterwards.
      expect(its[0]?.with).toMatchObject({ 'persist-credentials': false });
    }
  });

  test('runs only commands that there are, with options that they take', () => {
    for (const { run = '' } of steps.filter((step) => step.run !== undefined)) {
      const [command = ''] = run.split(' 2>&1 | ')[0]?.split(' | ') ?? [];
      const [, npm] = /^npm (?:run )?([\w:]+)$/.exec(command) ?? [];
      const [, signalbox] = /^npx signalbox (.*)$/.exec(command) ?? [];
      if (npm !== undefined) expect(npm === 'ci' || npm in scripts).toBe(true);
      else if (signalbox !== undefined) expect([run, refusedBecause(signalbox)]).toEqual([run, undefined]);
      else
        expect(command).toMatch(
          /^(npx cdk (diff|deploy) -c environment=[a-z]+ --[\w-]+[= ]\w+|node docs\/examples\/github-actions\/comment\.mjs .*|git config user\.name .*)$/,
        );
    }
  });

  test('puts nothing that a stranger wrote into a command', () => {
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
  });
});

/** CloudFormation's short forms: `!Ref X` is `{ Ref: X }`, any other `!Name` is `{ Fn::Name: … }`. */
const shortForms = ['Ref', 'Sub', 'GetAtt', 'If', 'Equals', 'Not'].flatMap((name): (ScalarTag | CollectionTag)[] => {
  const key = name === 'Ref' ? name : `Fn::${name}`;
  const tag = `!${name}`;
  return [
    { tag, resolve: (text: string) => ({ [key]: text }) },
    // A list's own elements may be short forms too.
    { tag, collection: 'seq', resolve: (list) => ({ [key]: (list as unknown as { toJSON(): unknown }).toJSON() }) },
  ];
});

function functionsIn(value: unknown): [name: string, argument: unknown][] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, one]) => [
    ...(name === 'Ref' || name.startsWith('Fn::') ? [[name, one] as [string, unknown]] : []),
    ...functionsIn(one),
  ]);
}

test('a pull request from a fork is tested without credentials', () => {
  const { on, jobs } = workflowOf('plan.yml');
  expect(Object.keys(on)).toEqual(['pull_request']);
  for (const job of Object.values(jobs)) {
    if (job.permissions?.['id-token'] === undefined) expect(JSON.stringify(job)).not.toContain('secrets.');
    else expect(job.if).toBe('github.event.pull_request.head.repo.full_name == github.repository');
  }
});

test('a merge goes up one environment after the other, each under its own approvals', () => {
  const jobs = Object.entries(workflowOf('deploy.yml').jobs);
  expect(jobs.map(([name, { environment, needs }]) => [name, environment, needs])).toEqual([
    ['development', 'development', undefined],
    ['staging', 'staging', 'development'],
    ['production', 'production', 'staging'],
  ]);
});

describe('the roles', () => {
  const parameters = {
    Repository: 'orchard/signalbox',
    Environment: 'development',
    EnvironmentBelow: '',
    Qualifier: 'hnb659fds',
    ProviderArn: '',
  };
  const { Parameters, Conditions, Resources, Outputs } = parse(read('roles.yaml'), { customTags: shortForms });

  test('refer only to parameters, conditions and resources that there are', () => {
    const names = [
      ...Object.keys(Parameters),
      ...Object.keys(Resources),
      'AWS::Region',
      'AWS::AccountId',
      'AWS::NoValue',
    ];
    expect(Object.keys(Parameters)).toEqual(Object.keys(parameters));
    for (const [name, argument] of functionsIn({ Conditions, Resources, Outputs })) {
      const text = String([argument].flat()[0]);
      if (name === 'Ref') expect(names).toContain(text);
      if (name === 'Fn::GetAtt') expect(names).toContain(text.split('.')[0]);
      if (name === 'Fn::If') expect(Object.keys(Conditions)).toContain(text);
      if (name === 'Fn::Sub') for (const [, one] of text.matchAll(/\$\{([^}]+)\}/g)) expect(names).toContain(one);
    }
  });

  /** The template's functions, as CloudFormation would resolve them. */
  function resolved(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolved).filter((one) => one !== undefined);
    if (value === null || typeof value !== 'object') return value;
    const object = value as Record<string, unknown>;
    const names: Record<string, string> = {
      ...parameters,
      'AWS::Region': region,
      'AWS::AccountId': accountId,
      Provider: 'PROVIDER',
    };
    if ('Ref' in object) return object.Ref === 'AWS::NoValue' ? undefined : names[String(object.Ref)];
    if ('Fn::Sub' in object)
      return String(object['Fn::Sub']).replace(/\$\{([\w:]+)\}/g, (_, name) => names[name] ?? '?');
    if ('Fn::If' in object) {
      const [condition, then, otherwise] = object['Fn::If'] as [string, unknown, unknown];
      return resolved(condition === 'MakesProvider' ? then : otherwise);
    }
    return Object.fromEntries(Object.entries(object).map(([name, one]) => [name, resolved(one)]));
  }

  const roleOf = (name: 'PlanRole' | 'DeployRole') =>
    resolved(Resources[name].Properties) as {
      AssumeRolePolicyDocument: { Statement: { Condition: unknown; Action: string; Principal: unknown }[] };
      Policies: { PolicyName: string; PolicyDocument: PolicyDocument }[];
    };
  const accessOf = (name: 'PlanRole' | 'DeployRole') =>
    makeRoleAccess({
      arn: `arn:aws:iam::${accountId}:role/${name}`,
      session: 'github',
      policies: roleOf(name).Policies.map(({ PolicyName, PolicyDocument }) => ({
        name: PolicyName,
        document: PolicyDocument,
      })),
    });
  const table = (name: string, environment = 'development') =>
    `arn:aws:dynamodb:${region}:${accountId}:table/signalbox-${environment}-${name}-1ABCDEF`;

  test.each([
    ['PlanRole', 'repo:orchard/signalbox:pull_request'],
    ['DeployRole', 'repo:orchard/signalbox:environment:development'],
  ] as const)('%s is assumed by one repository and for one purpose only', (name, sub) => {
    expect(roleOf(name).AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated: 'PROVIDER' },
        Condition: {
          StringEquals: {
            'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
            'token.actions.githubusercontent.com:sub': sub,
          },
        },
      },
    ]);
  });

  test('neither is allowed everything of anything', () => {
    for (const name of ['PlanRole', 'DeployRole'] as const)
      for (const { Action, Resource } of roleOf(name).Policies.flatMap(
        ({ PolicyDocument }) => PolicyDocument.Statement,
      )) {
        expect([Action].flat().join()).not.toContain('*');
        if ([Resource].flat().includes('*')) expect(Action).toBe('cloudwatch:GetMetricData');
      }
  });

  test.each([
    ['dynamodb:PutItem', table('Configuration')],
    ['dynamodb:Query', table('Directory')],
    ['dynamodb:GetItem', table('Configuration', 'production')],
    [
      'secretsmanager:GetSecretValue',
      `arn:aws:secretsmanager:${region}:${accountId}:secret:signalbox/development/ingest-AbCdEf`,
    ],
    ['sts:AssumeRole', `arn:aws:iam::${accountId}:role/cdk-hnb659fds-deploy-role-${accountId}-${region}`],
  ])('the plan may not %s %s', (action, resource) => {
    expect(accessOf('PlanRole').denied([{ action, resource, conditions: {} }])).toBeDefined();
  });

  test('the deploy may write the configuration of its environment, and no other', () => {
    const put = (environment: string) => ({
      action: 'dynamodb:PutItem',
      resource: table('Configuration', environment),
      conditions: {},
    });
    expect(accessOf('DeployRole').denied([put('development')])).toBeUndefined();
    expect(accessOf('DeployRole').denied([put('production')])).toBeDefined();
  });

  test('the plan role may make every call that a plan makes', async () => {
    const environment = await startEnvironment();
    const asked = new Set<string>();
    environment.documents.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          const { TableName } = args.input as { TableName?: string };
          asked.add(`dynamodb:${commandName.replace(/Command$/, '')} ${table(String(TableName))}`);
          return next(args);
        },
      { step: 'initialize' },
    );
    const order = (when: unknown[]) => ({
      id: 'order',
      event: 'track/order_completed',
      action: 'workflows_trigger',
      when,
      parameters: { key: 'order-completed', recipients: 'user_id' },
    });
    const secrets = {
      async send({ input }: { input: { SecretId: string } }) {
        asked.add(
          `secretsmanager:DescribeSecret arn:aws:secretsmanager:${region}:${accountId}:secret:${input.SecretId}-AbCdEf`,
        );
        return {};
      },
    };
    try {
      await environment.commit(liveConfiguration({ file: { mappings: [order([])] } }));
      const nowMs = Date.now();
      const raw = rawEvent(trackEvent({ properties: { total: 1 } }), { receivedAtMs: nowMs });
      await environment.eventLog.writeEach([eventEntry({ ...raw, receivedAtMs: nowMs })]);
      asked.clear();
      const { snapshot } = liveConfiguration({ file: { mappings: [order([{ path: 'data.total', gte: 100 }])] } });
      const plan = await planConfiguration(
        { ...environment, secrets: async () => secrets as never },
        {
          files: {
            snapshot,
            environments: { development: { sources: { rudderstack: { verification: { enforced: true } } } } as never },
          },
          last: 5,
          sinceMs: nowMs - 60_000,
          untilMs: nowMs + 60_000,
          nowMs,
        },
      );
      expect(plan.outcomes).toMatchObject([{ compared: 1, changed: 1 }]);
    } finally {
      await environment.stop();
    }
    const access = accessOf('PlanRole');
    expect([...asked].map((one) => one.split(' ')[0])).toContain('dynamodb:Query');
    for (const one of asked) {
      const [action = '', resource = ''] = one.split(' ');
      expect([one, access.denied([{ action, resource, conditions: {} }])]).toEqual([one, undefined]);
    }
  });
});

describe('the comment', () => {
  type Comment = { id: number; user: { type: string }; body: string };
  const comments: Comment[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-comment-'));
  let port = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status, body } = answer(request, Buffer.concat(chunks).toString());
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });

  /** https://docs.github.com/en/rest/issues/comments */
  function answer({ method, url = '', headers }: IncomingMessage, text: string): { status: number; body: unknown } {
    const { pathname, searchParams } = new URL(url, 'http://github');
    if (headers.authorization !== 'Bearer token') return { status: 401, body: { message: 'Bad credentials' } };
    if (pathname === '/repos/orchard/signalbox/issues/7/comments' && method === 'GET') {
      const [size, page] = [Number(searchParams.get('per_page') ?? 30), Number(searchParams.get('page') ?? 1)];
      return { status: 200, body: comments.slice((page - 1) * size, page * size) };
    }
    if (pathname === '/repos/orchard/signalbox/issues/7/comments' && method === 'POST') {
      const made = { id: comments.length + 1, user: { type: 'Bot' }, body: JSON.parse(text).body };
      comments.push(made);
      return { status: 201, body: made };
    }
    const [, id] = /^\/repos\/orchard\/signalbox\/issues\/comments\/(\d+)$/.exec(pathname) ?? [];
    const found = comments.find((one) => String(one.id) === id);
    if (method !== 'PATCH' || found === undefined) return { status: 404, body: { message: 'Not Found' } };
    found.body = JSON.parse(text).body;
    return { status: 200, body: found };
  }

  beforeAll(async () => {
    port = await listen(server, 0);
  });
  afterAll(async () => {
    await stopServer(server);
    rmSync(directory, { recursive: true, force: true });
  });

  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [new URL('comment.mjs', folder).pathname, ...args], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        GITHUB_API_URL: `http://127.0.0.1:${port}`,
        GITHUB_REPOSITORY: 'orchard/signalbox',
        GITHUB_TOKEN: 'token',
        PULL_REQUEST: '7',
      },
    });

  test('is made once and updated after that, among many comments of others', async () => {
    const quoted = { user: { type: 'User' }, body: `${marker('development')}\nquoted` };
    for (let id = 1; id <= 120; id++) comments.push({ id, ...quoted });
    const plan = { environment: 'development', changes: [], objections: [], outcomes: [] };
    for (const version of [3, 4]) {
      writeFileSync(join(directory, 'plan.md'), planMarkdown({ ...plan, version }));
      writeFileSync(join(directory, 'cdk-diff.txt'), `Stack signalbox-development\n\`\`\`\nversion ${version}\n`);
      await run('plan.md', 'cdk diff=cdk-diff.txt');
    }
    expect(comments).toHaveLength(121);
    expect(comments.slice(0, 120).every(({ body }) => body.endsWith('quoted'))).toBe(true);
    expect(comments[120]?.body).toContain('live (version 4)');
    expect(comments[120]?.body).toMatch(
      /<summary>cdk diff<\/summary>\n\n````\nStack signalbox-development\n```\nversion 4\n\n````/,
    );
  });

  test('is not made of what is no plan, so that a broken step is seen', async () => {
    writeFileSync(join(directory, 'empty.md'), '');
    await expect(run('empty.md')).rejects.toThrow('is no plan');
    await expect(run('missing.md')).rejects.toThrow('is no plan');
    expect(comments).toHaveLength(121);
  });
});
