import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { drills } from './drills.ts';
import { type IncidentName, incidents, pasts } from './incidents.ts';
import { findCause, type Reading } from './on-call.ts';
import { type Stage, startStage, synthesizeStage } from './stage.ts';

/*
 * Each incident on a local stack of its own, an engineer who knows nothing of it, and what is done about
 * it. docs/drills.md shows what was typed and read.
 */

let outdir: string;
beforeAll(async () => {
  outdir = await synthesizeStage();
});
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const plain = (command: string) => command.replace(/\b01[0-9A-HJKMNP-TV-Z]{20,}\b/g, 'ID');
/** The page's line of an incident: its commands, and the words that name the cause. */
function lineOf(name: string): { commands: string[]; words: string } {
  const line = readFileSync('docs/drills.md', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`| ${name} |`));
  const [, commands = '', words = ''] = line?.split(' | ').map((cell) => cell.replace(/^\||\|$/g, '').trim()) ?? [];
  return { commands: [...commands.matchAll(/`([^`]+)`/g)].map(([, command = '']) => command), words };
}

async function countsOf(stage: Stage): Promise<Record<string, number>> {
  const groups = JSON.parse(await stage.mend('events', '--since', '1h', '--group-by', 'status', '--all', '--json'));
  return Object.fromEntries(groups.map(({ value, count }: { value: string; count: number }) => [value, count]));
}

describe.each(Object.keys(incidents) as IncidentName[])('%s', (name) => {
  let stage: Stage;
  let reading: Reading;
  const drill = drills[name];

  beforeAll(async () => {
    stage = await startStage(outdir, { before: pasts[name] });
    await incidents[name](stage);
    reading = await findCause(stage.signalbox);
  });
  afterAll(() => stage?.stop());

  test('is named within three commands and a minute, each printed by the one before', () => {
    expect(reading.words).toMatch(drill.cause);
    expect(reading.commands.length).toBeLessThanOrEqual(3);
    expect(reading.seconds).toBeLessThan(60);
  });

  test('reads as docs/drills.md shows', () => {
    const { commands, words } = lineOf(name);
    expect(commands).toEqual(reading.commands.map(plain));
    const read = reading.words.replace(/\s+/g, ' ');
    for (const part of words.replaceAll('`', '').split(' … ')) expect(read).toContain(part);
  });

  test('is mended, and then every event is accounted for and every order is taken once', async () => {
    await drill.mend(stage);
    await stage.runtime.idle(120_000);
    const verified = await stage.signalbox(['verify', '--since', '1h']);
    expect({ code: verified.code, says: verified.stdout }).toEqual({
      code: 0,
      says: expect.stringContaining('Everything that was accepted is accounted for.'),
    });
    expect(verified.stdout).not.toContain('still wait');
    expect(await countsOf(stage)).toEqual(drill.ends);
    expect([...stage.taken].sort()).toEqual([...new Set(stage.taken)].sort());
    expect(stage.taken).toHaveLength(drill.orders);
  });
});
