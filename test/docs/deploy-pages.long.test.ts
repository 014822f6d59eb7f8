import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { startCli, type TestCli } from '../cli/cli-for-tests.ts';
import { specOf } from '../infra/kept-resources.ts';
import { templateOf } from '../infra/templates.ts';
import { answersOf, emptyAccount, type ModelAccount } from '../support/aws-account.ts';
import { startAws } from '../support/aws-wire.ts';
import { configFolder } from '../support/config.ts';
import { awsRefusedBecause, cdkRefusedBecause, loadAwsClients } from './aws-commands.ts';
import { invocationsOf } from './invocations.ts';
import { chapter, codeIn, fencesOf, sectionsOf, tablesOf } from './markdown.ts';

/*
 * The guide of a deploy and the pages that it leads to: their commands are ones that `aws` and `npx cdk` have, what the tool
 * prints is what stands there, and what they say of the template is so.
 */

const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
const pages = ['README.md', ...docs.map((name) => join('docs', name))].sort();
const read = (page: string) => readFileSync(page, 'utf8');

beforeAll(loadAwsClients);

describe('on every page', () => {
  // Without a word behind the service it is only named.
  const ofAws = (page: string) =>
    invocationsOf(read(page), 'aws').filter(({ command }) => /^[a-z0-9]+ [a-z]/.test(command));

  test.each(pages.filter((page) => ofAws(page).length > 0))('%s: aws has the commands and their options', (page) => {
    expect(ofAws(page).flatMap(({ command }) => awsRefusedBecause(command) ?? [])).toEqual([]);
  });

  const ofCdk = (page: string) => invocationsOf(read(page), 'npx cdk');

  test.each(pages.filter((page) => ofCdk(page).length > 0))('%s: cdk has the commands and their options', (page) => {
    expect(ofCdk(page).flatMap(({ command }) => cdkRefusedBecause(command) ?? [])).toEqual([]);
  });

  test('this test finds commands, and notices a wrong one', () => {
    expect(ofAws('docs/tear-down.md').map(({ command }) => command)).toContain('dynamodb delete-table --table-name T');
    expect(ofCdk('docs/deploy.md').length).toBeGreaterThan(4);
    expect(awsRefusedBecause('dynamodb drop-table --table-name T')).toBe('aws has no "dynamodb drop-table"');
    expect(awsRefusedBecause('dynamodb delete-table --name T')).toBe('aws dynamodb delete-table has no --name');
    expect(awsRefusedBecause('cloudformation wait stack-made --stack-name x')).toBe('aws has no "cloudformation wait"');
    expect(awsRefusedBecause('dynamodb list-tables --query "--no"')).toBeUndefined();
    expect(cdkRefusedBecause('deploi')).toBe('cdk has no command "deploi"');
    expect(cdkRefusedBecause('deploy --environment x')).toBe('cdk deploy has no --environment');
    expect(cdkRefusedBecause('deploy -c env=x')).toBe('the app reads no context "env"');
  });
});

describe('docs/deploy.md is a checklist', () => {
  const page = read('docs/deploy.md');
  const steps = sectionsOf(page).filter(({ level }) => level === 2);

  test('of numbered steps, each with a command, what it prints, and what to do otherwise', () => {
    expect(steps.map(({ title }) => Number.parseInt(title, 10))).toEqual(steps.map((_, i) => i + 1));
    // The first is done in an editor, the last in a mailbox, and a URL has no otherwise.
    for (const { title, lines } of steps.slice(1, -1)) {
      const languages = fencesOf(lines).map(({ language }) => language);
      expect([title, languages.slice(0, 2)]).toEqual([title, ['sh', '']]);
      if (!title.includes('URLs'))
        expect([title, lines.join('\n')]).toEqual([title, expect.stringContaining('**Otherwise**')]);
    }
  });

  test('and is short enough to be one: each page answers one question on at most 230 lines', () => {
    const answers = [
      'deploy',
      'promote',
      'recover',
      'roll-back',
      'restore',
      'ingest-key',
      'custom-domain',
      'tear-down',
    ];
    for (const name of [...answers, 'formats', 'policies'])
      expect([name, read(`docs/${name}.md`).split('\n').length < 230]).toEqual([name, true]);
  });

  test('CDK says a success in these words', () => {
    const program = readFileSync('node_modules/aws-cdk/lib/index.js', 'utf8')
      .replaceAll('\\u2705', '✅')
      .replaceAll('\\u2728', '✨');
    for (const words of [
      '✅  Environment %s bootstrapped.',
      '✨  Number of stacks with differences: ',
      `: ${'$'}{action}ed`,
    ])
      expect([words, program.includes(words)]).toEqual([words, true]);
  });

  test('outputs that it shows are outputs of the stack', () => {
    const { Outputs } = templateOf('development');
    const shown = [...page.matchAll(/^signalbox-development\.(\w+) = /gm)].map(([, name = '']) => name);
    expect(shown.length).toBeGreaterThan(1);
    expect(shown.filter((name) => !(name in Outputs))).toEqual([]);
  });

  test('the environments that it names exist', () => {
    const named = new Set(
      [...page.matchAll(/(?:--environment|-c environment=|--to) ?([a-z]+)/g)].map(([, name]) => name),
    );
    const known: string[] = environments.map(({ name }) => name);
    expect([...named].filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });
});

/** The first command and the output of a step. */
function step(title: string): { command: string[]; output: string } {
  const found = sectionsOf(read('docs/deploy.md')).find((section) => section.title.endsWith(title));
  const [command, output] = fencesOf(found?.lines ?? []);
  const words = command?.text.trim().match(/"[^"]*"|\S+/g) ?? [];
  expect(words.slice(0, 2)).toEqual(['npx', 'signalbox']);
  return { command: words.slice(2).map((word) => word.replaceAll('"', '')), output: (output?.text ?? '').trimEnd() };
}

describe('what the guide says that the tool prints is what it prints', () => {
  let cli: TestCli;
  let aws: Awaited<ReturnType<typeof startAws>>;
  let account: ModelAccount;

  beforeAll(async () => {
    account = { ...emptyAccount('123456789012'), parameters: { '/cdk-bootstrap/hnb659fds/version': '30' } };
    aws = await startAws(answersOf(account, () => aws.url));
    cli = await startCli({ sources: {}, workflows: {}, audiences: {} });
  });
  afterAll(async () => {
    await cli.stop();
    await aws.stop();
  });

  const onAws = () => ({
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
  });

  test('when the account is looked at', async () => {
    const { command, output } = step('Look before you deploy');
    const { stdout } = await cli.signalbox([...command, '--dir', configFolder], '', onAws());
    expect(stdout.trimEnd()).toBe(output);
  });

  test('when a secret is set', async () => {
    const { command, output } = step('Set the secrets');
    const { code, stderr } = await cli.signalbox(command, 'the value of the header');
    const masked = (text: string) => text.replace(/\d\d:\d\d:\d\dZ/, 'TIME');
    expect([code, masked(stderr.trimEnd())]).toEqual([0, masked(output)]);
  });

  test('when the configuration is committed', async () => {
    const { command, output } = step('Commit the configuration');
    const { code, stdout } = await cli.signalbox([...command, '--dir', configFolder]);
    // This environment had a commit before, and is on this machine.
    const masked = (text: string) =>
      text.replaceAll(/version \d+ \(commit [\w-]+\)/g, 'version N').replaceAll(/Live [^.]*\./g, 'Live.');
    expect(code).toBe(0);
    expect(masked(stdout)).toContain(masked(output));
  });

  test('when the URLs are shown, but for the host and the token', async () => {
    const { command, output } = step('Give senders their URLs');
    const { stdout } = await cli.signalbox(command);
    const masked = (text: string) =>
      text
        .trimEnd()
        .replaceAll(/https?:\/\/[\w.:-]+/g, 'HOST')
        .replaceAll(/[\w-]{24}$/gm, 'TOKEN');
    expect(masked(stdout)).toBe(masked(output));
  });
});

describe('the table of docs/tear-down.md', () => {
  const [table = []] = tablesOf(chapter(read('docs/tear-down.md'), 'What stays').flatMap(({ lines }) => lines));
  const rows = table.map((row) => ({
    type: row['In the template'] === 'all others' ? undefined : codeIn(row['In the template'] ?? ''),
    development: row['Development, staging'],
    staging: row['Development, staging'],
    production: row.Production,
  }));

  test.each(environments.map(({ name }) => name))('is what happens to each resource of %s', (name) => {
    const { Resources } = templateOf(name);
    const listed = rows.flatMap(({ type }) => type ?? []);
    for (const row of rows) {
      const ofRow = Object.entries(Resources).filter(([, { Type }]) =>
        row.type === undefined ? !listed.includes(Type) : Type === row.type,
      );
      const fates = ofRow.map(([, { DeletionPolicy }]) => (/^Retain/.test(DeletionPolicy ?? '') ? 'stays' : 'goes'));
      expect([row.type, [...new Set(fates)]]).toEqual([row.type, [row[name]]]);
    }
  });

  test('names every type whose loss AWS’s own model calls a loss of data', () => {
    const types = new Set(Object.values(templateOf('production').Resources).map(({ Type }) => Type));
    const stateful = [...types].filter((type) => specOf(type).isStateful);
    expect(stateful.length).toBeGreaterThan(2);
    expect(stateful.filter((type) => !rows.some((row) => row.type === type))).toEqual([]);
  });

  test('counts what there is', () => {
    const { Resources } = templateOf('production');
    const count = (type: string) => Object.values(Resources).filter(({ Type }) => Type === type).length;
    expect([count('AWS::DynamoDB::Table'), count('AWS::SQS::Queue'), count('AWS::SecretsManager::Secret')]).toEqual([
      6, 4, 1,
    ]);
  });
});
