import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { root } from '../../infra/build/build.js';

// `.ci/run` beside an npm that only notes what it was asked.
const npm = `#!/usr/bin/env bash
echo "$*" >>"$ASKED"
case "$*" in *"$HANGS"*) [ -z "$HANGS" ] || sleep 60 ;; esac
for word in "$@"; do
  case "$word" in --outputFile=*)
    case "$*" in *"$DIES"*) [ -z "$DIES" ] || exit 1 ;; esac
    echo '{"numPassedTests":2,"numPendingTests":0,"testResults":[]}' >"\${word#--outputFile=}" ;;
  esac
done
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-ci-run-'));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'test'));
  cpSync(join(root, '.ci'), join(folder, '.ci'), { recursive: true });
  symlinkSync(join(root, 'test/support'), join(folder, 'test/support'));
  writeFileSync(join(folder, 'bin/npm'), npm);
  chmodSync(join(folder, 'bin/npm'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run({ all = false, lastStart = 660, lastEnd = 1110, hangs = '', dies = '' } = {}) {
  const script = join(folder, '.ci/run');
  const text = readFileSync(script, 'utf8');
  const limited = text
    .replace('last_start=660', `last_start=${lastStart}`)
    .replace('last_end=1110', `last_end=${lastEnd}`);
  writeFileSync(script, limited);
  const asked = join(folder, 'asked.txt');
  writeFileSync(asked, '');
  const { status, stdout, stderr } = spawnSync(script, all ? ['--all'] : [], {
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      // Any program that can be run stands for a browser.
      CHROMIUM: process.execPath,
      ASKED: asked,
      HANGS: hangs,
      DIES: dies,
    },
  });
  const lines = stdout.trimEnd().split('\n');
  return {
    status,
    stderr,
    lines,
    asked: readFileSync(asked, 'utf8').trimEnd().split('\n'),
    leftOut: lines.find((line) => line.startsWith('left out')),
  };
}

const parts = (asked: string[], suite: string) =>
  asked.flatMap((line) => new RegExp(`test:${suite} -- --shard=(\\S+)`).exec(line)?.[1] ?? []).sort();

test('runs every slice of every suite once while there is time, and adds up their tests', () => {
  const { status, asked, lines, leftOut } = run();
  expect(parts(asked, 'long')).toEqual(Array.from({ length: 12 }, (_, i) => `${i + 1}/12`).sort());
  expect(parts(asked, 'browser')).toEqual(Array.from({ length: 8 }, (_, i) => `${i + 1}/8`));
  expect(parts(asked, 'runtime')).toEqual(['1/1']);
  expect(asked).toEqual(expect.arrayContaining(['run test:faults -- --schedules 400', 'run --silent test:rollback']));
  expect([status, lines.at(-1), leftOut]).toEqual([0, '44 passed, 0 failed', undefined]);
});

test('begins no slice when the time is up, names what it left out, and still runs the check and npm test', () => {
  const { status, asked, lines, leftOut } = run({ lastStart: 0 });
  expect(asked.slice(0, 3)).toEqual(['ci', expect.any(String), expect.any(String)]);
  expect(asked).toEqual(expect.arrayContaining(['run check', 'run --silent soak -- --small']));
  expect(asked.filter((line) => line.includes('shard'))).toEqual([]);
  expect([status, lines.at(-1)]).toEqual([0, '2 passed, 0 failed']);
  expect(leftOut).toContain('long:7/12');
});

test('stops a slice that would end too late, and says so; with --all it has no limit', () => {
  const { status, lines, leftOut } = run({ lastStart: 3, lastEnd: 6, hangs: 'shard' });
  expect([status, lines.at(-1)]).toEqual([0, '2 passed, 0 failed']);
  expect(leftOut).toMatch(/\S+ \(stopped by time\)/);
  const all = run({ all: true, lastStart: 0, lastEnd: 1 });
  expect([all.lines.at(-1), all.leftOut]).toEqual(['44 passed, 0 failed', undefined]);
  expect(all.asked).toContain('run test:faults -- --schedules 2000');
});

test('fails when npm test ends without results', () => {
  const { status, lines } = run({ dies: 'test -- --json' });
  expect(lines.slice(-2)).toEqual(['failed: npm test (see above)', '42 passed, 1 failed']);
  expect(status).toBe(1);
});

test('fails when a slice ends without results', () => {
  const { status, lines } = run({ dies: 'test:browser -- --shard=2/8' });
  expect(lines.slice(-2)).toEqual(['failed: browser:2/8 (see above)', '42 passed, 1 failed']);
  expect(status).toBe(1);
});
