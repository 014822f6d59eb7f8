import type { Refusal } from '../refusal.ts';
import type { AwsAccount, Caller, DeployedStack, HeldResource } from './aws-account.ts';
import { concurrencyFinding } from './concurrency.ts';
import { type Commands, type DeploymentCheck, deploymentChecks, type Finding, findingLevels } from './finding.ts';
import { leftoverFindings } from './leftovers.ts';
import type { PlannedStack } from './planned-stack.ts';
import { type ConfigurationThere, secretsFinding } from './secrets-finding.ts';
import { stackFinding } from './stack-state.ts';

export type DeploymentCheckDeps = {
  account: AwsAccount;
  commands: Commands;
  /** The configuration whose secrets are needed, given the stack that exists. */
  configuration(deployed: DeployedStack | undefined): Promise<ConfigurationThere>;
  /** An error of the SDK in its own words, with the next step; undefined for a bug of ours. */
  explain(error: unknown): Refusal | undefined;
};

/** A preflight of one environment. `ready`: nothing blocks a deploy, and everything was looked at. */
export type DeploymentCheckResult = {
  environment: string;
  region: string;
  /** Null: the credentials were refused, and nothing else was looked at. */
  account: string | null;
  caller: string | null;
  ready: boolean;
  /** What blocks first; within a level in the order in which it matters. */
  findings: Finding[];
};

/**
 * Looks at an account and region before a deploy, and changes nothing. A check that AWS denies is
 * `unknown` and hides no other one.
 */
export async function checkDeployment(
  planned: PlannedStack,
  region: string,
  deps: DeploymentCheckDeps,
): Promise<DeploymentCheckResult> {
  const { environment } = planned;
  const caller = await callerOf(planned, deps);
  const findings = [...caller.findings];
  if (caller.caller !== undefined) findings.push(...(await lookAround(planned, caller.caller, region, deps)));
  const rankOf = ({ level, check }: Finding) =>
    findingLevels.indexOf(level) * deploymentChecks.length + deploymentChecks.indexOf(check);
  findings.sort((a, b) => rankOf(a) - rankOf(b));
  return {
    environment,
    region,
    account: caller.caller?.account ?? null,
    caller: caller.caller?.arn ?? null,
    ready: findings.every(({ level }) => level === 'fine' || level === 'advice'),
    findings,
  };
}

/** No `caller`: there is nothing else to ask AWS with these credentials. */
async function callerOf(
  planned: PlannedStack,
  { account, explain }: DeploymentCheckDeps,
): Promise<{ findings: Finding[]; caller?: Caller }> {
  try {
    const caller = await account.caller();
    const found = `${caller.arn} of account ${caller.account}`;
    if (planned.account === undefined || planned.account === caller.account)
      return { caller, findings: [{ check: 'credentials', level: 'fine', found, next: [] }] };
    const wrong: Finding = {
      check: 'credentials',
      level: 'blocks',
      found: `these credentials are ${found}`,
      right: `infra/environments.ts deploys ${planned.environment} to account ${planned.account}`,
      next: ['name a profile of that account with --profile'],
    };
    return { findings: [wrong] };
  } catch (error) {
    const refusal = explain(error);
    if (refusal === undefined) throw error;
    const [found = '', ...others] = refusal.lines;
    return {
      findings: [{ check: 'credentials', level: 'blocks', found, next: [...others, ...refusal.remedies] }],
    };
  }
}

async function lookAround(
  planned: PlannedStack,
  caller: Caller,
  region: string,
  deps: DeploymentCheckDeps,
): Promise<Finding[]> {
  const { account, commands, explain } = deps;
  /** What cannot be read is a finding of its own. */
  const looked = async (check: DeploymentCheck, look: () => Promise<Finding[]>): Promise<Finding[]> => {
    try {
      return await look();
    } catch (error) {
      const refusal = explain(error);
      if (refusal === undefined) throw error;
      return [{ check, level: 'unknown', found: refusal.lines.join('; '), next: [...refusal.remedies] }];
    }
  };
  let deployed: DeployedStack | undefined;
  // Undefined: unknown. Everything of the stack would look left over, and its concurrency taken.
  let held: HeldResource[] | undefined;
  const ofStack = await looked('stack', async () => {
    deployed = await account.stack(planned.name);
    held = deployed === undefined ? [] : await account.resourcesOf(planned.name);
    return [stackFinding(planned, deployed, commands)];
  });
  const known = held;
  const others = await Promise.all([
    looked('bootstrap', async () => [
      await bootstrapFinding(planned, account, commands.bootstrap(caller.account, region)),
    ]),
    ...(known === undefined
      ? []
      : [
          looked('leftovers', () => leftovers(planned, account, known, commands)),
          looked('concurrency', async () => {
            const heldNow = await heldConcurrency(planned, account, known);
            return [concurrencyFinding(planned, await account.concurrency(), heldNow, commands)];
          }),
          looked('secrets', async () => {
            const configuration = await deps.configuration(deployed);
            return [await secretsFinding(account, planned.environment, configuration, commands)];
          }),
        ]),
  ]);
  return [...ofStack, ...others.flat()];
}

async function leftovers(
  planned: PlannedStack,
  account: AwsAccount,
  held: HeldResource[],
  commands: Commands,
): Promise<Finding[]> {
  const findings = await leftoverFindings(account, planned, held, commands);
  if (findings.length > 0) return findings;
  return [
    { check: 'leftovers', level: 'fine', found: 'every name that the stack takes is free, or its own', next: [] },
  ];
}

async function heldConcurrency(planned: PlannedStack, account: AwsAccount, held: HeldResource[]): Promise<number> {
  const functions = held.filter(
    ({ type, logicalId }) => type === 'AWS::Lambda::Function' && logicalId in planned.reserved,
  );
  const reserved = await Promise.all(functions.map(({ name }) => account.reservedFor(name)));
  return reserved.reduce((sum, one) => sum + one, 0);
}

async function bootstrapFinding({ bootstrap }: PlannedStack, account: AwsAccount, command: string): Promise<Finding> {
  if (bootstrap === undefined)
    return { check: 'bootstrap', level: 'fine', found: 'the template needs nothing of CDK’s bootstrap', next: [] };
  const value = await account.parameter(bootstrap.parameter);
  const next = [command];
  const right = `version ${bootstrap.version} or newer: once per account and region`;
  if (value === undefined)
    return {
      check: 'bootstrap',
      level: 'blocks',
      found: `this account and region are not bootstrapped for CDK: there is no parameter ${bootstrap.parameter}`,
      right,
      next,
    };
  const found = `CDK's bootstrap has version ${value}`;
  if (!(Number(value) >= bootstrap.version)) return { check: 'bootstrap', level: 'blocks', found, right, next };
  return { check: 'bootstrap', level: 'fine', found: `${found}; ${bootstrap.version} or newer is needed`, next: [] };
}
