import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import jsonata from 'jsonata';
import { builtFile } from '../../infra/build/build.js';
import { expressionProblem } from '../../shared/adapters/jsonata-expression.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';

/* Expressions come from whoever writes a source's file; what they run on comes from anybody. */

const receivedAtMs = Date.parse('2026-05-04T12:00:00Z');
const preprocessor = makePreprocessor(() => performance.now());
const documentOf = (body: unknown) => ({ body, headers: { 'x-topic': 'a/b' }, preprocess: { full_name: 'Ana Ito' } });
const run = (expression: string, body: unknown = {}) => preprocessor.run(expression, documentOf(body), receivedAtMs);

async function made(expression: string, body: unknown = {}): Promise<JsonObject> {
  const result = await run(expression, body);
  if (result.kind === 'failed') throw new Error(result.error);
  return result.values;
}

async function errorOf(expression: string, body: unknown = {}): Promise<string> {
  const result = await run(expression, body);
  if (result.kind === 'made') throw new Error(`made ${JSON.stringify(result.values)}`);
  return result.error;
}

describe('an expression', () => {
  test('reads the body, the headers and what the kind computed, and makes a map', async () => {
    const expression = `{
      "type": $lookup(headers, "x-topic"),
      "name": preprocess.full_name,
      "primary": body.emails[id = $$.body.primary].address,
      "all": body.emails.address
    }`;
    const body = {
      primary: 2,
      emails: [
        { id: 1, address: 'a@x' },
        { id: 2, address: 'b@x' },
      ],
    };
    expect(await made(expression, body)).toEqual({
      type: 'a/b',
      name: 'Ana Ito',
      primary: 'b@x',
      all: ['a@x', 'b@x'],
    });
  });

  test('leaves out what leads nowhere, and says how long it took', async () => {
    const result = await run('{"there": body.a, "not": body.b.c}', { a: 1 });
    expect(result).toEqual({ kind: 'made', values: { there: 1 }, ms: expect.any(Number) });
    expect(result.ms).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ['a list', '[1, 2]', 'a list'],
    ['text', 'body.name', 'text'],
    ['a number', '5', 'a number'],
    ['null', 'null', 'null'],
    ['nothing', 'body.absent', 'nothing'],
    ['a function', '$string', 'nothing'],
    ['a function of its own', 'function($x) { $x }', 'nothing'],
  ])('that makes %s fails, and is told what it made', async (_, expression, what) => {
    expect(await errorOf(expression, { name: 'n' })).toContain(`makes ${what}; wanted a map`);
  });

  test('that does not parse fails with the place, before and at run time', async () => {
    for (const text of ['{', '{"a": }', 'body.', '($x := 1', '', '('.repeat(8000)]) {
      expect(expressionProblem(jsonata, text)).toEqual(expect.any(String));
      expect((await run(text)).kind).toBe('failed');
    }
    expect(expressionProblem(jsonata, '{"a": }')).toContain('character 7');
    expect(expressionProblem(jsonata, '{"a": body.b}')).toBeUndefined();
  });

  test('fails where the event is not as it expects, and works on the next one', async () => {
    const expression = '{"total": $sum(body.prices)}';
    expect(await errorOf(expression, { prices: ['x'] })).toContain('sum');
    expect(await made(expression, { prices: [1, 2] })).toEqual({ total: 3 });
  });
});

describe('limits', () => {
  test('of time: one without an end is stopped', async () => {
    expect(await errorOf('($f := function($n) { $f($n + 1) }; {"a": $f(0)})')).toContain('timeout after 500');
  });

  test('of time: it is that of the expression alone, however many events are worked on at once', async () => {
    const endless = '($f := function($n) { $f($n + 1) }; {"a": $f(0)})';
    // A clock that ticks when it is read: between the start and the end of one, nobody else reads it.
    let ticks = 0;
    const ticking = makePreprocessor(() => ticks++);
    const results = await Promise.all(
      [endless, endless, '{"a": body.b}'].map((expression) =>
        ticking.run(expression, documentOf({ b: 1 }), receivedAtMs),
      ),
    );
    expect(results.map(({ kind, ms }) => [kind, ms])).toEqual([
      ['failed', 1],
      ['failed', 1],
      ['made', 1],
    ]);
  });

  test('of depth: functions that call each other without end are stopped', async () => {
    expect(await errorOf('($f := function($n) { 1 + $f($n) }; {"a": $f(0)})')).toContain('Stack overflow');
    expect(await made('($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; {"a": $f(20)})')).toEqual({ a: 20 });
  });

  test('of lists: one that is made too long is stopped', async () => {
    expect(await errorOf('{"a": [1..9999999]}')).toContain('maximum sequence length');
    const long = Array.from({ length: 100_001 }, (_, i) => i);
    expect(await errorOf('{"a": body.list.($ + 1)}', { list: long })).toMatch(/sequence|timeout/);
  });

  test.each([
    ['$pad to a width of the event', '{"a": $pad("x", body.width)}', { width: 1e9 }],
    ['$pad to the left', '{"a": $pad("x", body.width)}', { width: -1e9 }],
    ['$pad handed on', '{"a": body.width ~> $pad("x", ?)}', { width: 1e9 }],
    ['$pad under another name', '($p := $pad; {"a": $p("x", body.width)})', { width: 1e9 }],
    ['$pad in the hands of another', '{"a": $map(["x"], function($t) { $pad($t, 1e9) })}', {}],
    ['$join', '{"a": $join(body.list, body.long)}', { list: Array(2000).fill('x'), long: 'y'.repeat(100_000) }],
    ['$replace', '{"a": $replace(body.x, "x", body.long)}', { x: 'x'.repeat(2000), long: 'y'.repeat(100_000) }],
  ])('of text: %s is stopped, since no limit of time could', async (_, expression, body) => {
    expect(await errorOf(expression, body)).toContain('at most 1048576 are allowed');
  });

  test('of text: these functions do what they are for', async () => {
    expect(
      await made('{"p": $pad("x", -3, "0"), "j": $join(body.l, "-"), "r": $replace("aba", "a", "c", 1)}', {
        l: ['a', 'b'],
      }),
    ).toEqual({ p: '00x', j: 'a-b', r: 'cba' });
    expect(
      await made('{"j": $join(body.absent, "-"), "one": $join("a"), "c": body.t.$pad(2, "y")}', { t: 'x' }),
    ).toEqual({
      one: 'a',
      c: 'xy',
    });
  });

  test('of the result: what would not fit a log row is not kept', async () => {
    expect(await errorOf('{"a": body.long}', { long: 'x'.repeat(262_144) })).toContain('at most 262144 are kept');
    expect(await made('{"a": body.long}', { long: 'x'.repeat(200_000) })).toHaveProperty('a');
  });

  test('of errors: none is longer than 300 characters, place included, whatever it quotes', async () => {
    const long = 'y'.repeat(5000);
    for (const expression of [
      '$error(body.long)',
      '$assert(false, body.long)',
      '{"a": $number(body.long)}',
      '{"a": $sum(body.long)}',
      '{"a": $toMillis(body.long)}',
      `{"a": $number("${long}")}`,
    ]) {
      const error = await errorOf(expression, { long });
      expect(error.length).toBeLessThanOrEqual(300);
    }
    expect(await errorOf('{"a": $number(body.long)}', { long })).toMatch(/…? \(at character \d+\)$/);
  });
});

describe('what is not allowed', () => {
  test.each([
    ['{"a": body.x ~> /x/}'],
    ['{"a": $match(body.x, /x/)}'],
    ['{"a": $contains(body.x, /(a+)+$/i)}'],
    ['{"a": $replace(body.x, /x/, "y")}'],
    ['{"a": $split(body.x, /,/)[0]}'],
    ['($r := /x/; {"a": $r(body.x)})'],
    ['{"a": body[x = /x/]}'],
    ['body ~> | $ | {"a": /x/} |'],
  ])('a regular expression, anywhere: %s', async (expression) => {
    expect(expressionProblem(jsonata, expression)).toContain('regular expressions are not allowed');
    expect(await errorOf(expression, { x: 'x' })).toContain('regular expressions are not allowed');
  });

  test.each(['eval', 'random', 'shuffle'])('$%s, in whatever way it is come by', async (name) => {
    for (const expression of [
      `{"a": $${name}("1")}`,
      `{"a": "1" ~> $${name}}`,
      `{"a": "1" ~> $${name}()}`,
      `($f := $${name}; {"a": $f("1")})`,
      `{"a": $map(["1"], $${name})}`,
      `{"a": $lookup({"f": $${name}}, "f")}`,
      `{"a": ($${name})("1")}`,
      `{"a": $${name}(?)("1")}`,
      `{"a": true ? $${name} : 1}`,
      `function($${name}) { $${name}("1") }(1)`,
      `($g := function() { $${name} }; {"a": $g()("1")})`,
      `body.($${name}("1"))`,
      `body ~> | $ | {"a": $${name}("1")} |`,
      `{"a": body^($${name}("1"))}`,
      `{"a": $ ${name} ("1")}`.replace('$ ', '$'),
    ]) {
      expect(expressionProblem(jsonata, expression)).toContain(`$${name} is not allowed`);
      expect(await errorOf(expression)).toContain(`$${name} is not allowed`);
    }
    // Names that only look like it reach nothing.
    for (const expression of [`{"a": \`$${name}\`("1")}`, `{"a": $$${name}("1")}`, `{"a": $.${name}("1")}`]) {
      expect((await run(expression)).kind).toBe('failed');
    }
    expect(await made(`{"a": body.${name}, "b": "$${name}(1)"}`, { [name]: 1 })).toEqual({ a: 1, b: `$${name}(1)` });
  });

  test('text of an event is never code', async () => {
    const body = { code: '$eval("1")', name: 'eval', f: '{"_jsonata_lambda": true}', g: { _jsonata_function: true } };
    expect(await made('{"a": body.code & "", "b": $string(body.f)}', body)).toEqual({ a: body.code, b: body.f });
    expect((await run('{"a": body.g("1")}', body)).kind).toBe('failed');
    expect((await run('{"a": $map([1], body.g)}', body)).kind).toBe('failed');
  });
});

describe('the same event', () => {
  test('always makes the same: the present is when it was received, for every function that asks', async () => {
    const expression = `{
      "now": $now(), "year": $now("[Y0001]"), "zoned": $now("[H01]:[m01] [z]", "+0200"), "ms": $millis(),
      "today": $toMillis("10:30", "[H01]:[m01]"), "handed": $map(["10:30"], function($t) { $toMillis($t, "[H01]:[m01]") }),
      "applied": $map(["10:30"], $toMillis(?, "[H01]:[m01]"))
    }`;
    const first = await made(expression);
    expect(first).toEqual({
      now: '2026-05-04T12:00:00.000Z',
      year: '2026',
      zoned: '14:00 GMT+02:00',
      ms: receivedAtMs,
      today: Date.parse('2026-05-04T10:30:00Z'),
      handed: Date.parse('2026-05-04T10:30:00Z'),
      applied: Date.parse('2026-05-04T10:30:00Z'),
    });
    expect(await made(expression)).toEqual(first);
    const later = await preprocessor.run('{"ms": $millis()}', documentOf({}), receivedAtMs + 5);
    expect(later).toMatchObject({ values: { ms: receivedAtMs + 5 } });
    expect(await made('{"a": $toMillis("2026-01-01T00:00:00Z"), "b": $toMillis(body.absent)}')).toEqual({
      a: Date.parse('2026-01-01T00:00:00Z'),
    });
  });

  test('also while others are worked on', async () => {
    const times = [1, 2, 3, 4, 5].map((ms) => receivedAtMs + ms);
    const results = await Promise.all(
      times.map((timeMs) => preprocessor.run('{"ms": $millis()}', documentOf({}), timeMs)),
    );
    expect(results.map((result) => result.kind === 'made' && result.values.ms)).toEqual(times);
  });
});

describe('escapes', () => {
  const hostile = JSON.parse(
    '{"a":{"b":1},"l":[1],"t":"x","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}}',
  );
  const names = [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'hasOwnProperty',
    '__defineGetter__',
    'implementation',
    'environment',
    'apply',
    'length',
  ];
  const targets = [
    'body.a',
    'body.l',
    'body.t',
    '$string',
    '$string("x")',
    '(function($x) { $x })',
    '[]',
    '{}',
    '$sum',
    '$',
    '1',
    '$toMillis',
  ];
  const forms = [
    (target: string, name: string) => `${target}.${name}`,
    (target: string, name: string) => `${target}.\`${name}\``,
    (target: string, name: string) => `${target}."${name}"`,
    (target: string, name: string) => `$lookup(${target}, "${name}")`,
    (target: string, name: string) => `${target}.${name}.${name}`,
    (target: string, name: string) => `${target}.${name}("return process")`,
    (target: string, name: string) => `${target}.(${name})("x")`,
    (target: string, name: string) => `($t := ${target}; $t.${name})`,
    (target: string, name: string) => `${target} ~> $lookup("${name}")`,
  ];

  test('no member that a value inherits is reached, in any form of access', async () => {
    let tried = 0;
    for (const target of targets) {
      for (const name of names) {
        for (const form of forms) {
          const result = await run(`{"a": ${form(target, name)}}`, hostile);
          if (result.kind === 'made') expect(['{}', '{"a":[]}']).toContain(JSON.stringify(result.values));
          tried += 1;
        }
      }
    }
    expect(tried).toBe(targets.length * names.length * forms.length);
  });

  test('functions of the library show nothing of themselves or of the document', async () => {
    for (const expression of [
      '{"a": $string}',
      '{"a": function($x) { $x }}',
      '{"a": [$string]}',
      '{"a": {"f": $toMillis}.f}',
      '{"a": $string.**}',
      '{"a": (function($x) { $x }).**}',
      '{"a": $uppercase ~> $trim}',
    ]) {
      expect(JSON.stringify(await made(expression, { secret: 'S3CRET' }))).not.toMatch(
        /jsonata|S3CRET|environment|signature/,
      );
    }
  });

  test('members that are called like ways out are plain data, and pollute nothing', async () => {
    for (const expression of [
      'body',
      '$merge([body, {"__proto__": {"polluted": 1}}])',
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
      'body ~> | $ | {"__proto__": {"polluted": 1}} |',
      'body ~> | a.__proto__ | {"polluted": 1} |',
      'body ~> | `constructor`.prototype | {"polluted": 1} |',
      'body.a{"__proto__": {"polluted": 1}}',
      '$sift(body, function($v, $k) { true })',
      '$spread(body) ~> $merge',
      '$each(body, function($v, $k) { {$k: $v} }) ~> $merge',
      '$string(body) ~> function($t) { {"a": $t} }',
      'body.**[polluted = 1][0]',
    ]) {
      const result = await run(expression, hostile);
      if (result.kind === 'made') expect(Object.getPrototypeOf(result.values)).toBe(Object.prototype);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect(([] as unknown as Record<string, unknown>).polluted).toBeUndefined();
      expect((() => undefined) as unknown as Record<string, unknown>).not.toHaveProperty('polluted');
    }
  });
});

describe('hostile documents', () => {
  test('deep, wide and odd ones cost an error at most', async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(990)}1${'}'.repeat(990)}`);
    const wide = { list: Array.from({ length: 50_000 }, (_, i) => ({ i })) };
    const odd = JSON.parse(
      '{"":0,"a.b":1,"$":2,"\\u0000":3,"sequence":true,"keepSingleton":true,"outerWrapper":true,"length":-1}',
    );
    for (const body of [deep, wide, odd, null, 'text', [], [[[]]], 0]) {
      for (const expression of [
        '{"a": body.**}',
        '{"a": $string(body)}',
        '{"a": body.*.*}',
        '{"a": $keys(body)}',
        '{"a": $count(body.list.i)}',
      ]) {
        const result = await run(expression, body);
        expect(['made', 'failed']).toContain(result.kind);
        if (result.kind === 'failed') expect(result.error).not.toBe('');
      }
    }
  });
});

describe('the process in which expressions run', () => {
  const children = () =>
    execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('expression-process'))
      .map((line) => Number.parseInt(line, 10));

  test('is one for all expressions, and has no environment variables', async () => {
    const before = children();
    const own = makePreprocessor(() => performance.now());
    for (const text of ['{"a": 1}', '{"a": 2}']) await own.run(text, documentOf({}), receivedAtMs);
    const [pid, ...more] = children().filter((one) => !before.includes(one));
    expect(more).toEqual([]);
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toMatch(/PATH|AWS|HOME/);
  });

  test('when it is ended from outside, the event is tried again and keeps its values', async () => {
    const before = children();
    const own = makePreprocessor(() => performance.now());
    expect((await own.run('{"a": 1}', documentOf({}), receivedAtMs)).kind).toBe('made');
    const [pid] = children().filter((one) => !before.includes(one));
    const endless = own.run(
      '{"a": $distinct(body.a)}',
      documentOf({ a: Array.from({ length: 20_000 }, (_, i) => ({ i })) }),
      0,
    );
    const failed = expect(endless).rejects.toThrow(RetryableError);
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.kill(pid as number, 'SIGKILL');
    await failed;
    expect(await own.run('{"a": 2}', documentOf({}), receivedAtMs)).toMatchObject({ values: { a: 2 } });
  });

  test('ends with the program that started it, and does not keep that one from ending', () => {
    const told = execFileSync(process.execPath, [builtFile('test/support/expression-program.ts')], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    const pid = Number.parseInt(told.split('\n').find((line) => line.includes('expression-process')) ?? '', 10);
    expect(pid).toBeGreaterThan(0);
    const isGone = () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    const untilMs = Date.now() + 5000;
    while (!isGone() && Date.now() < untilMs) execFileSync('sleep', ['0.05']);
    expect(isGone()).toBe(true);
  });
});
