// node infra/build/run.js infra/synth.ts [OUTDIR ENVIRONMENTS…]: what `npx cdk` runs, and the local runtime in a process of its
// own, since CDK takes 200 MB that the runtime would carry along until it ends.
import { buildApp } from './app.ts';

const [outdir, ...environments] = process.argv.slice(2);
try {
  buildApp(outdir === undefined ? {} : { outdir, environments }).synth();
} catch (error) {
  // One line instead of a stack trace: nearly always a misspelt environment.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
