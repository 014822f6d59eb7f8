import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize } from '../../infra/local/synthesize.ts';
import { readStacks, type Stack } from '../../infra/local/template.ts';

/** A folder that is gone when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let stack: Promise<Stack> | undefined;

/** The development stack as `npx cdk synth` makes it, template and bundles; synthesized once per run. */
export function developmentStack(say: (line: string) => void): Promise<Stack> {
  stack ??= synthesizeDevelopment(say);
  return stack;
}

async function synthesizeDevelopment(say: (line: string) => void): Promise<Stack> {
  say('synthesizing the stack');
  const folder = temporaryFolder();
  await synthesize(folder, ['development']);
  const [found] = readStacks(folder);
  if (found === undefined) throw new Error('the app made no stack');
  return found;
}
