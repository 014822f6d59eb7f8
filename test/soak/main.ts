import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figuresOf, tableOf } from './figures.ts';
import { soak } from './run.ts';
import { help, readSettings, type Settings } from './settings.ts';

async function main(settings: Settings): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-soak-'));
  const startedMs = performance.now();
  const say = (line: string) =>
    console.error(`${((performance.now() - startedMs) / 1000).toFixed(0).padStart(5)} s  ${line}`);
  const result = await soak(folder, settings, say).catch((error) => {
    console.error(`the data of this run is kept in ${folder}`);
    throw error;
  });
  const figures = figuresOf(result);
  console.log(
    settings.json ? JSON.stringify({ figures, violations: result.violations }, undefined, 2) : tableOf(figures),
  );
  for (const violation of result.violations) console.error(`VIOLATION: ${violation}`);
  if (result.violations.length > 0) {
    console.error(`seed ${settings.seed}; the data of this run is kept in ${folder}`);
    process.exitCode = 1;
    return;
  }
  console.error('0 lost, 0 doubled, 0 unexplained, 0 keys used up by a failure');
  rmSync(folder, { recursive: true, force: true });
}

let settings: Settings | 'help';
try {
  settings = readSettings(process.argv.slice(2));
} catch (error) {
  console.error(`error: ${(error as Error).message} (--help shows what it takes)`);
  process.exit(2);
}
if (settings === 'help') console.log(help);
else {
  await main(settings);
  process.exit();
}
