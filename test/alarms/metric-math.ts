/*
 * The part of CloudWatch's metric math that our alarms use. A missing value makes everything that is
 * computed of it missing, except FILL. A division by zero gives no value.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */

type Value = number | undefined;
/** Computes the expression, given the values of its metrics in one period. */
export type Expression = (read: (id: string) => Value) => Value;

type Operator = (a: number, b: number) => Value;
const truth = (holds: boolean) => (holds ? 1 : 0);

/** Loosest first; those of one line bind alike, from the left. */
const operators: Record<string, Operator>[] = [
  { '||': (a, b) => truth(a !== 0 || b !== 0) },
  { '&&': (a, b) => truth(a !== 0 && b !== 0) },
  {
    '>=': (a, b) => truth(a >= b),
    '<=': (a, b) => truth(a <= b),
    '==': (a, b) => truth(a === b),
    '!=': (a, b) => truth(a !== b),
    '>': (a, b) => truth(a > b),
    '<': (a, b) => truth(a < b),
  },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => (b === 0 ? undefined : a / b) },
];
const words: Record<string, string> = { OR: '||', AND: '&&' };

const functions: Record<string, (...values: Value[]) => Value> = {
  IF: (condition, yes, no) => (condition === undefined ? undefined : condition === 0 ? no : yes),
  FILL: (value, instead) => value ?? instead,
};

/** @throws Error for what it does not know, so that no alarm is judged by a guess */
export function parseMetricMath(text: string): Expression {
  const tokens = text.match(/\d+(?:\.\d+)?|\w+|\|\||&&|[<>=!]=|[^\s\w]/g) ?? [];
  const next = () => {
    const token = tokens[0];
    return token === undefined ? undefined : (words[token] ?? token);
  };
  const take = (wanted?: string): string => {
    const token = next();
    tokens.shift();
    if (token === undefined || (wanted !== undefined && token !== wanted))
      throw new Error(`"${text}": ${token ?? 'the end'} instead of ${wanted ?? 'a value'}`);
    return token;
  };

  function readLevel(level: number): Expression {
    const here = operators[level];
    if (here === undefined) return readTerm();
    let left = readLevel(level + 1);
    for (let operate = here[next() ?? '']; operate !== undefined; operate = here[next() ?? '']) {
      take();
      left = combined(operate, left, readLevel(level + 1));
    }
    return left;
  }

  function readTerm(): Expression {
    const token = take();
    if (token === '(') {
      const inner = readLevel(0);
      take(')');
      return inner;
    }
    if (token === '-') {
      const inner = readTerm();
      return (read) => negated(inner(read));
    }
    if (/^\d/.test(token)) return () => Number(token);
    if (next() === '(') return readCall(token);
    // CloudWatch demands that ids begin so; it tells them from functions.
    if (/^[a-z]\w*$/.test(token)) return (read) => read(token);
    throw new Error(`"${text}": "${token}" is not known here`);
  }

  function readCall(name: string): Expression {
    const run = functions[name];
    if (run === undefined) throw new Error(`"${text}": the function ${name} is not known here`);
    take('(');
    const given: Expression[] = [readLevel(0)];
    while (next() === ',') {
      take();
      given.push(readLevel(0));
    }
    take(')');
    return (read) => run(...given.map((one) => one(read)));
  }

  const expression = readLevel(0);
  if (tokens.length > 0) throw new Error(`"${text}": "${tokens.join(' ')}" is left over`);
  return expression;
}

function combined(operate: Operator, left: Expression, right: Expression): Expression {
  return (read) => {
    const [a, b] = [left(read), right(read)];
    return a === undefined || b === undefined ? undefined : operate(a, b);
  };
}

const negated = (value: Value) => (value === undefined ? undefined : -value);
