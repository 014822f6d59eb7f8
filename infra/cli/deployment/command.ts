import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { defined } from '../../../shared/core/defined.ts';
import { own } from '../../../shared/core/json/values.ts';
import { checkDeployment } from '../../../shared/operations/deployment/check-deployment.ts';
import { commandsWith } from '../../../shared/operations/deployment/finding.ts';
import { type PlannedStack, plannedStack } from '../../../shared/operations/deployment/planned-stack.ts';
import { configurationThere } from '../../../shared/operations/deployment/secrets-finding.ts';
import type { ClientConfig } from '../../../shared/operations/environment.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { environments, type PipelineEnvironment } from '../../environments.ts';
import { synthesize } from '../../local/synthesize.ts';
import { readStacks } from '../../local/template.ts';
import { examples, optionsOf } from '../command.ts';
import { type DirectoryOption, readFaultlessFiles, withDirectory } from '../configuration/files.ts';
import { explainError, explainProfile, regionMissing } from '../errors.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { printFindings } from './findings.ts';

export function register(program: Command): void {
  const deploy = program.command('deploy').description('before a deploy to AWS; npx cdk deploy does it');
  const check = withDirectory(deploy.command('check'))
    .description(
      'what stands in the way of the next deploy: credentials, quotas, a half-done stack, leftovers, secrets',
    )
    .action((_options, command: Command) => checkCommand(optionsOf(command)));
  examples(
    check,
    ['deploy check -e production', 'in the account of the credentials'],
    ['deploy check -e production --profile prod --region eu-central-1', 'in another one'],
    ['deploy check -e staging --json', 'for a program'],
  );
  check.addHelpText(
    'after',
    '\nIt looks at AWS, also while the local runtime has the environment, and changes nothing.\nExit code 1: something blocks a deploy. What could not be looked at is listed, and blocks none.',
  );
}

async function checkCommand(options: DirectoryOption): Promise<void> {
  const terminal = processTerminal();
  const environment = environmentOf(options.environment);
  const given = defined({ profile: options.profile, region: regionGiven(environment, options.region) });
  const files = readFaultlessFiles(terminal, options.dir, 'nothing was looked at');
  // Only here, since the clients of eight services would slow every `--help`.
  const { openAwsAccount } = await import('../../../shared/operations/deployment/aws-account.ts');
  const account = openAwsAccount(given);
  try {
    const region = await account.region();
    if (region === undefined) throw regionMissing(options.profile);
    const config: ClientConfig = { ...given, region };
    const content = { snapshot: files.snapshot, seed: own(files.environments, environment.name) };
    const result = await checkDeployment(await synthesized(environment), region, {
      account,
      commands: commandsWith(given),
      configuration: (deployed) => configurationThere(environment.name, deployed, config, content),
      explain: (error) => explainProfile(error, options.profile) ?? explainError(error, options.profile),
    });
    if (options.json) printJson(terminal, result);
    else printFindings(terminal, result);
    if (result.findings.some(({ level }) => level === 'blocks')) process.exitCode = 1;
  } finally {
    account.close();
  }
}

function environmentOf(name: string): PipelineEnvironment {
  const found = environments.find((one) => one.name === name);
  if (found !== undefined) return found;
  const known = environments.map((one) => one.name).join(', ');
  throw usageError(`there is no environment "${name}" to deploy`, `there are: ${known} (infra/environments.ts)`);
}

/** As CDK does: the list decides, then what the command names. Absent: the shell and the profile do. */
function regionGiven({ name, region }: PipelineEnvironment, asked: string | undefined): string | undefined {
  if (region !== undefined && asked !== undefined && region !== asked)
    throw usageError(
      `infra/environments.ts deploys ${name} to ${region}, not to ${asked}`,
      'leave --region out, or change the list',
    );
  return region ?? asked;
}

/** What a deploy of this checkout would send, without the bundles. */
async function synthesized({ name, account, region }: PipelineEnvironment): Promise<PlannedStack> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-deploy-'));
  try {
    await synthesize(folder, [name], 'templates');
    const [stack] = readStacks(folder);
    if (stack === undefined) throw new Error('the app made no stack');
    const { deployment, template } = stack;
    return plannedStack(
      { name: stack.name, environment: name, ...deployment, ...defined({ account, region }) },
      template,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
