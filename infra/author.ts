import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

/** The person at the keyboard, from git's settings; without git, the account's name. */
export function currentAuthor(): string {
  try {
    const [name, email] = ['user.name', 'user.email'].map((field) =>
      execFileSync('git', ['config', field], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
    );
    if (name) return email ? `${name} <${email}>` : name;
  } catch {
    // Git is missing, or has no name.
  }
  return userInfo().username;
}
