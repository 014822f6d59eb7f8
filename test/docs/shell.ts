/** One command as the shell would start it. `pipe`: the words of what its output goes to. */
export type ShellCommand = { words: string[]; pipe: string[] };

export type Variables = Record<string, string>;

/** Functions that a page defines and then calls in `NAME=$(function "$ARGUMENT")`. */
export type Functions = Record<string, (argument: string) => string>;

/**
 * The commands of a block in the order in which a shell would run them: assignments, `for` over words, pipes, line
 * continuations. Strict: whatever else is in the block is an error, so that a page cannot hold a command that nobody tried.
 *
 * @param given values that win over the assignments of the block, which hold examples
 */
export function commandsOf(block: string, given: Variables, functions: Functions): ShellCommand[] {
  const lines = block
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return run(lines, { ...given }, given, functions);
}

function run(lines: string[], variables: Variables, given: Variables, functions: Functions): ShellCommand[] {
  const commands: ShellCommand[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const [, name, words] = /^for ([A-Z_]+) in ([\w ]+); do$/.exec(line) ?? [];
    if (name !== undefined && words !== undefined) {
      const end = lines.findIndex((other, at) => at > i && /^done\b/.test(other));
      if (end < 0) throw new Error(`a loop has no end: ${line}`);
      for (const word of words.split(' ')) {
        commands.push(...run(lines.slice(i + 1, end), { ...variables, [name]: word }, given, functions));
      }
      i = end;
    } else if (!assign(line, variables, given, functions)) commands.push(commandOf(line, variables));
  }
  return commands;
}

function assign(line: string, variables: Variables, given: Variables, functions: Functions): boolean {
  const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) return false;
  const [, called, argument] = /^\$\((\w+) (.*)\)$/.exec(value) ?? [];
  if (Object.hasOwn(given, name)) variables[name] = given[name] as string;
  else if (called !== undefined && argument !== undefined) {
    const call = functions[called];
    if (call === undefined) throw new Error(`the page calls "${called}", which is not a function of it`);
    variables[name] = call(wordsOf(argument, variables).join(' '));
  } else variables[name] = wordsOf(value, variables).join(' ');
  return true;
}

function commandOf(line: string, variables: Variables): ShellCommand {
  const words = wordsOf(line, variables);
  const pipe = words.indexOf('|');
  return pipe < 0 ? { words, pipe: [] } : { words: words.slice(0, pipe), pipe: words.slice(pipe + 1) };
}

// One after the other they make up a word; an unquoted bracket, star or the like would be the shell's, and is refused.
const pieces = /'([^']*)'|"((?:[^"\\$]|\\["\\$]|\$\w+)*)"|\$(\w+)|([\w.,:;=/%@+-]+)|(\s+)|(\|)/y;

/** The words of one line, variables filled in. */
export function wordsOf(line: string, variables: Variables): string[] {
  const words: string[] = [];
  let word: string | undefined;
  const variableNamed = (name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`$${name} has no value in: ${line}`);
    return value;
  };
  pieces.lastIndex = 0;
  while (pieces.lastIndex < line.length) {
    const at = pieces.lastIndex;
    const match = pieces.exec(line);
    if (match === null) throw new Error(`the shell would read something into: ${line.slice(at)}`);
    const [, single, double, variable, plain, space, pipe] = match;
    if (space !== undefined || pipe !== undefined) {
      if (word !== undefined) words.push(word);
      if (pipe !== undefined) words.push(pipe);
      word = undefined;
    } else {
      const text =
        single ??
        double?.replaceAll(/\\(["\\$])|\$(\w+)/g, (_, escaped, name) => escaped ?? variableNamed(name)) ??
        (variable === undefined ? plain : variableNamed(variable)) ??
        '';
      word = (word ?? '') + text;
    }
  }
  return word === undefined ? words : [...words, word];
}
