// node infra/build/run.js infra/synth.ts [OUTDIR ENVIRONMENTS…]: `npx cdk` runs it. The local
// runtime runs it in a separate process, since CDK takes 200 MB that the runtime would keep until
// it ends.
import childProcess from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp } from './app.ts';

const [outdir, ...environments] = process.argv.slice(2);
try {
  if (outdir === undefined) buildApp().synth();
  else {
    const commands = recordCommands();
    buildApp({ outdir, environments }).synth();
    writeFileSync(join(outdir, 'bundling.json'), JSON.stringify(commands));
  }
} catch (error) {
  // One line instead of a stack trace: the cause is nearly always a misspelt environment.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/**
 * The commands that CDK runs to make bundles, in order. `npm start -- --watch` runs them again, so
 * its bundles equal the deployed ones.
 */
function recordCommands(): { command: string; args: readonly string[] }[] {
  const commands: { command: string; args: readonly string[] }[] = [];
  const { spawnSync } = childProcess;
  childProcess.spawnSync = ((command: string, args: readonly string[], ...rest: unknown[]) => {
    commands.push({ command, args });
    return (spawnSync as (...given: unknown[]) => unknown)(command, args, ...rest);
  }) as typeof spawnSync;
  return commands;
}
