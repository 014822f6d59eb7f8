// node infra/build/run.js infra/synth.ts [OUTDIR ENVIRONMENTS…]: `npx cdk` runs it. The local
// runtime runs it in a separate process, since CDK takes 200 MB that the runtime would keep until
// it ends.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp } from './app.ts';
import { PipelineFunction } from './constructs/pipeline-function.ts';

const [outdir, ...environments] = process.argv.slice(2);
try {
  if (outdir === undefined) buildApp().synth();
  else {
    const app = buildApp({ outdir, environments });
    app.synth();
    // `npm start -- --watch` makes bundles of changed code from it.
    const bundles = app.node.findAll().flatMap((one) => (one instanceof PipelineFunction ? [one.bundle] : []));
    writeFileSync(join(outdir, 'bundles.json'), JSON.stringify(bundles));
  }
} catch (error) {
  // One line instead of a stack trace: the cause is nearly always a misspelt environment.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
