import type { CliEnded } from '../support/warm-cli.ts';

/** What the engineer typed, and all that came back. */
export type Reading = { commands: string[]; words: string; seconds: number };

const commandsMax = 3;

/** Commands that only look. Where another one comes next, the cause is known and a person decides. */
const looks =
  /^npx signalbox (doctor|why|events|actions|runs|refusals|sources|users|verify|jobs|secrets list|config (show|log|validate)|settings show)\b/;

/**
 * An engineer who knows nothing of the incident: types `npx signalbox doctor`, and then what the output
 * before printed as the next command, the first one that is new. Never more than three commands.
 */
export async function findCause(signalbox: (args: string[]) => Promise<CliEnded>): Promise<Reading> {
  const beganMs = performance.now();
  const commands: string[] = [];
  let words = '';
  let next: string | undefined = 'npx signalbox doctor';
  while (next !== undefined && commands.length < commandsMax) {
    commands.push(next);
    const { stdout, stderr } = await signalbox(argumentsOf(next));
    const said = `${stdout}\n${stderr}`;
    words += `${said}\n`;
    next = printedCommands(said).find((command) => looks.test(command) && !commands.includes(command));
  }
  return { commands, words, seconds: (performance.now() - beganMs) / 1000 };
}

/** Commands behind an arrow: what comes next, as a person copies it. */
function printedCommands(text: string): string[] {
  return [...text.matchAll(/→ (npx signalbox [^\n]+)$/gm)].map(([, command = '']) => command.trim());
}

const argumentsOf = (command: string) => command.split(' ').slice(2);
