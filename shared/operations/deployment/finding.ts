/** What is looked at before a deploy, in the order in which it matters. */
export const deploymentChecks = ['credentials', 'bootstrap', 'stack', 'leftovers', 'concurrency', 'secrets'] as const;
export type DeploymentCheck = (typeof deploymentChecks)[number];

/**
 * - `blocks`: a deploy would fail, or would do so halfway.
 * - `advice`: a deploy goes through; something is to be done before or after it.
 * - `unknown`: it could not be looked at.
 */
export const findingLevels = ['blocks', 'advice', 'unknown', 'fine'] as const;
export type FindingLevel = (typeof findingLevels)[number];

export type Finding = {
  check: DeploymentCheck;
  level: FindingLevel;
  /** What is there, as a sentence without its full stop. */
  found: string;
  /** What would be right. Absent: it is right as it is, or no one knows. */
  right?: string;
  /** What to do or run next, in this order. */
  next: string[];
};

/** The commands of a deploy, for the profile and region that the check was asked for. */
export type Commands = {
  cdk(command: string, environment: string, context?: string): string;
  bootstrap(account: string, region: string): string;
  aws(command: string): string;
  signalbox(command: string, environment: string): string;
};

/** @param given absent: the command finds them as the check did, in the shell's variables */
export function commandsWith(given: { profile?: string; region?: string }): Commands {
  const profile = given.profile === undefined ? '' : ` --profile ${given.profile}`;
  const region = given.region === undefined ? '' : ` --region ${given.region}`;
  return {
    cdk: (command, environment, context) =>
      `npx cdk ${command} -c environment=${environment}${context === undefined ? '' : ` -c ${context}`}` +
      `${given.region === undefined ? '' : ` -c region=${given.region}`}${profile}`,
    bootstrap: (account, region) => `npx cdk bootstrap aws://${account}/${region}${profile}`,
    aws: (command) => `aws ${command}${profile}${region}`,
    signalbox: (command, environment) => `npx signalbox ${command} --environment ${environment}${profile}${region}`,
  };
}
