import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../infra/build/build.js';
import { startTarget } from '../soak/target.ts';
import { readOptions, wholeNumber } from '../support/program-arguments.ts';
import { makeRandom } from '../support/random.ts';
import { findWrong, replayFailed } from './check.ts';
import { takeOverClock } from './clock.ts';
import { changesOf, formsOf, keepForms } from './forms.ts';
import { type Recording, readRecording, recordings } from './kept.ts';
import { isKnown, whyKnown } from './known.ts';
import { type Course, courses, play } from './mix.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
import { work } from './play.ts';
import { record } from './record.ts';
import { loadRecording, writeRecording } from './recording.ts';
import { targetPort } from './story.ts';
import { buildVersion, checkOut, hasCommit, type Version } from './version.ts';

/*
 * `npm run test:rollback`: versions follow each other over the same queues and tables.
 *
 *   npm run test:rollback -- --record COMMIT     keeps what that commit leaves behind, for all versions to come
 *   npm run test:rollback -- --forms             keeps the forms of messages and rows, after a change that is meant
 *   npm run test:rollback -- --seed 7            other batches, other deaths
 */

const { values } = readOptions({
  options: {
    record: { type: 'string' },
    forms: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});
const seed = wholeNumber('seed', values.seed, 0);
const folder = mkdtempSync(join(tmpdir(), 'signalbox-versions-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const clock = takeOverClock();
const write = process.stderr.write.bind(process.stderr);
const say = (line: string) => void write(`${line}\n`);

if (values.forms) keepForms(formsOf(await recordedBy(await buildCurrent(), 'now')));
else if (values.record === undefined) process.exitCode = (await runAll()) ? 0 : 1;
else await keep(values.record);
process.exit();

async function keep(commit: string): Promise<void> {
  const recording = await recordedBy(await buildOld(commit), commit);
  writeRecording(recording);
  say(`kept: ${sizes(recording)}`);
}

async function recordedBy(version: Version, commit: string): Promise<Recording> {
  const pipeline = await startPipeline(clock);
  const target = await startTarget({ port: targetPort });
  const recording = await explained(pipeline, record(pipeline, version, target, makeRandom(seed), commit));
  await Promise.all([pipeline.stop(), target.stop()]);
  return recording;
}

async function runAll(): Promise<boolean> {
  const current = await buildCurrent();
  const changes = changesOf(formsOf(await recordedBy(current, 'now')));
  for (const change of changes) say(`  ${change}`);
  if (changes.length > 0) say('  docs/formats.md says what has to come first');
  say(`${changes.length === 0 ? 'passed' : 'FAILED'}: messages and rows have the forms that are kept`);
  let failures = changes.length;
  for (const commit of recordings()) {
    const wrong = await goOn(readRecording(commit), current);
    for (const what of wrong) say(`  ${what}`);
    say(`${wrong.length === 0 ? 'passed' : 'FAILED'}: what ${commit} left behind is worked off by this version`);
    failures += wrong.length;
    if (!hasCommit(commit)) {
      say(`skipped: both versions at once (this clone does not have commit ${commit})`);
      continue;
    }
    const old = await buildOld(commit);
    for (const course of courses(old, current)) {
      const all = await mix(course, [current, old]);
      const wrong = all.filter((what) => !isKnown(commit, what));
      for (const what of wrong) say(`  ${what}`);
      if (wrong.length < all.length) say(`  ${all.length - wrong.length} known: ${whyKnown(commit)}`);
      say(`${wrong.length === 0 ? 'passed' : 'FAILED'}: ${course.name}, between ${commit} and this version`);
      failures += wrong.length;
    }
  }
  return failures === 0;
}

/** The functions of `version` go on where a recording ends. */
async function goOn(recording: Recording, version: Version): Promise<string[]> {
  clock.set(recording.recordedAtMs + 1_000);
  const pipeline = await startPipeline(clock);
  const target = await startTarget({ port: targetPort, effects: recording.effects, refused: recording.refused });
  const chance = { random: makeRandom(seed), versions: [version], deaths: 0.1, atOnce: 2 };
  const expected = { sinceMs: recording.recordedAtMs - 3_600_000, sent: recording.sent, effects: target.effects };
  const wrong = await explained(
    pipeline,
    (async () => {
      await loadRecording(pipeline, recording);
      await work(pipeline, chance);
      const replayed = await replayFailed(pipeline, version, chance, expected);
      say(`${sizes(recording)}; ${replayed} replayed`);
      return findWrong(pipeline, [version], expected);
    })(),
  );
  if (wrong.length > 0) say(pipeline.log.slice(-5).join('\n'));
  await Promise.all([pipeline.stop(), target.stop()]);
  return wrong;
}

async function mix(course: Course, readers: readonly Version[]): Promise<string[]> {
  const pipeline = await startPipeline(clock);
  const target = await startTarget({ port: targetPort });
  const wrong = await explained(pipeline, play(pipeline, course, readers, target, makeRandom(seed)));
  if (wrong.length > 0) say(pipeline.log.slice(-5).join('\n'));
  await Promise.all([pipeline.stop(), target.stop()]);
  return wrong;
}

function buildCurrent(): Promise<Version> {
  say('building this version');
  return buildVersion('new', root, join(folder, 'new'));
}

function buildOld(commit: string): Promise<Version> {
  say(`building ${commit}`);
  const tree = checkOut(commit, join(folder, `tree-${commit}`));
  return buildVersion('old', tree, join(folder, `assembly-${commit}`));
}

async function explained<Result>(pipeline: Pipeline, working: Promise<Result>): Promise<Result> {
  return working.catch((error) => {
    say(pipeline.log.slice(-10).join('\n'));
    throw error;
  });
}

function sizes({ queues, tables }: Recording): string {
  return Object.entries({ ...queues, ...tables })
    .map(([name, { length }]) => `${name} ${length}`)
    .join(', ');
}
