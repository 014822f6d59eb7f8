import { describe, expect, test } from '@jest/globals';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { slowness } from '../support/cpu-time.ts';

/* Each of these expressions runs into the half second that one may take, so the others' tests do not wait for them. */

const preprocessor = makePreprocessor(() => performance.now());
const run = (expression: string, body: unknown) =>
  preprocessor.run(expression, { body, headers: {}, preprocess: {} }, Date.parse('2026-05-04T12:00:00Z'));

async function errorOf(expression: string, body: unknown): Promise<string> {
  const result = await run(expression, body);
  if (result.kind === 'made') throw new Error(`made ${JSON.stringify(result.values)}`);
  return result.error;
}

describe('an expression that neither time nor memory within it could stop', () => {
  const count = (length: number) => Array.from({ length }, (_, i) => (i * 7919) % length);
  // Which limit an event meets first depends on how fast the machine is.
  const stopped = /500 ms|500 milliseconds|128 MB|at most \d+ (are|characters)|sequence length|string length/;
  const hostile: [what: string, expression: string, body: object, error: RegExp][] = [
    ['$distinct of maps', '$distinct(body.a)', { a: count(20_000).map((i) => ({ i, x: { y: i } })) }, stopped],
    ['$sort of numbers', '$sort(body.a)', { a: count(120_000) }, stopped],
    ['$sort by a function', '$sort(body.a, function($l, $r) { $l > $r })', { a: count(120_000) }, stopped],
    ['$formatInteger by a picture', '$formatInteger(1, body.p)', { p: '0'.repeat(3_000_000) }, stopped],
    ['$fromMillis by a picture', '$fromMillis(0, body.p)', { p: '[Y,*-99999999]' }, stopped],
    ['$fromMillis by a wider one', '$fromMillis(0, body.p)', { p: '[Y,999999999]' }, stopped],
    [
      '$toMillis by a picture',
      '$toMillis(body.t, body.p)',
      { t: '1'.repeat(50_000), p: '[Y][M][D]'.repeat(2000) },
      /characters|regular expression|500/,
    ],
    ['lists of lists', '[1..1000].{"x": $split($$.body.s, "")}', { s: 'x'.repeat(100_000) }, stopped],
    ['**', '$count(**.**.**)', { a: count(60_000).map((i) => ({ i: { i } })) }, stopped],
    ['a range', '[1..9999999]', {}, stopped],
    ['$pad', '$pad("a", 500000000)', {}, stopped],
    ['$join', '$join(body.a, body.s)', { a: Array(100_000).fill('x'), s: 'y'.repeat(100_000) }, stopped],
  ];

  test.each(hostile)('%s ends, and the next event has its values', async (_what, expression, body, error) => {
    const slownessBefore = slowness();
    const startedAtMs = performance.now();
    const [poisoned, neighbour] = await Promise.all([
      errorOf(`{"a": ${expression}}`, body),
      run('{"a": body.b}', { b: 1 }),
    ]);
    expect(poisoned).toMatch(error);
    expect(neighbour).toMatchObject({ kind: 'made', values: { a: 1 } });
    // Its own half second, a grace, and a new process for the neighbour, on a machine that does much else besides.
    const tookMs = performance.now() - startedAtMs;
    expect(tookMs).toBeLessThan(4000 * Math.max(slownessBefore, slowness()));
  });

  test('costs the function that asked no memory', async () => {
    const before = process.memoryUsage().rss;
    expect(await errorOf(`{"a": [1..1000].{"x": $split($$.body.s, "")}}`, { s: 'x'.repeat(100_000) })).toMatch(stopped);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });
});
