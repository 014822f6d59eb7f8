import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

/** Who is at the keyboard, as git knows them; the account's name where there is no git. */
export function currentAuthor(): string {
  try {
    const [name, email] = ['user.name', 'user.email'].map((field) =>
      execFileSync('git', ['config', field], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
    );
    if (name) return email ? `${name} <${email}>` : name;
  } catch {
    // No git here, or no name in it.
  }
  return userInfo().username;
}
