import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

let callerOnAws: string | undefined;

/**
 * The person at the keyboard, from git's settings. Without a name there: the caller that AWS names,
 * once an environment on AWS was connected to; else the account's name.
 */
export function currentAuthor(): string {
  return gitAuthor() ?? callerOnAws ?? userInfo().username;
}

/** Undefined when git is missing, or has no name. */
export function gitAuthor(): string | undefined {
  try {
    const [name, email] = ['user.name', 'user.email'].map((field) =>
      execFileSync('git', ['config', field], {
        encoding: 'utf8',
        env: process.env,
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim(),
    );
    if (name) return email ? `${name} <${email}>` : name;
  } catch {
    return undefined;
  }
  return undefined;
}

/** @param arn of the caller; undefined: AWS did not say */
export function rememberCaller(arn: string | undefined): void {
  callerOnAws = arn;
}
