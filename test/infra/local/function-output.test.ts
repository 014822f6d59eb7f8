import { describe, expect, test } from '@jest/globals';
import { makeLineReader } from '../../../infra/local/function-output.ts';
import { makeMetricCounters } from '../../../infra/local/metrics.ts';
import { makeStageMetrics } from '../../../shared/lambda/metrics.ts';

function read(line: string, stream: 'stdout' | 'stderr' = 'stdout') {
  const seen = { details: [] as string[], problems: [] as string[] };
  const metrics = makeMetricCounters();
  makeLineReader({
    metrics,
    onDetail: (text) => seen.details.push(text),
    onProblem: (text) => seen.problems.push(text),
  })('processor', line, stream);
  return { ...seen, counted: metrics.list().length };
}

describe('what a function prints', () => {
  test.each([
    ['{"level":"WARN","message":"slow"}', 'stdout'],
    ['{"level":"error","message":"broken"}', 'stdout'],
    ['(node:1) a warning of the runtime', 'stderr'],
  ] as const)('is shown under its name when somebody should see it: %s', (line, stream) => {
    expect(read(line, stream)).toEqual({ details: [], problems: [`processor: ${line}`], counted: 0 });
  });

  test('is shown with the stack of its error below it, one call to a line', () => {
    const error = { name: 'TypeError', message: 'm', stack: 'TypeError: m\n    at read (shared/a.ts:1:2)' };
    const { problems } = read(JSON.stringify({ level: 'ERROR', message: 'a record failed', error }));
    expect(problems).toEqual([
      'processor: {"level":"ERROR","message":"a record failed","error":{"name":"TypeError","message":"m"}}\nTypeError: m\n    at read (shared/a.ts:1:2)',
    ]);
  });

  test.each(['{"level":"INFO","message":"fine"}', 'plain text', '{"level":7}', '{"level":"ERROR"'])(
    'is detail otherwise: %s',
    (line) => {
      expect(read(line)).toEqual({ details: [`processor: ${line}`], problems: [], counted: 0 });
    },
  );

  test('is counted and not shown when it is a metric', () => {
    let line = '';
    const stage = makeStageMetrics('test', (written) => {
      line = written;
    });
    stage.count('stripe', 'EventsProcessed');
    stage.flush();
    expect(read(line)).toEqual({ details: [], problems: [], counted: 2 });
  });

  test('is counted and shown, without its metrics, when it is a metric with a level', () => {
    let line = '';
    const stage = makeStageMetrics('test', (written) => {
      line = written;
    });
    const fields = { level: 'WARN', message: 'request refused' };
    stage.print({ source: 'stripe', reason: 'token_wrong', atMs: 0, counts: { UrlsRefused: 3 }, fields });
    const shown =
      '{"level":"WARN","message":"request refused","environment":"test","source":"stripe","reason":"token_wrong","UrlsRefused":3}';
    expect(read(line)).toEqual({ details: [], problems: [`processor: ${shown}`], counted: 3 });
  });
});
