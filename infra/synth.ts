// node infra/build/run.js infra/synth.ts [OUTDIR ENVIRONMENTS…]: `npx cdk` runs it. The local
// runtime runs it in a separate process, since CDK takes 200 MB that the runtime would keep until
// it ends. With --templates before OUTDIR it makes no bundles, which take most of the time.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp } from './app.ts';
import { PipelineFunction } from './constructs/pipeline-function.ts';

const args = process.argv.slice(2);
const templatesOnly = args[0] === '--templates';
const [outdir, ...environments] = templatesOnly ? args.slice(1) : args;
try {
  if (outdir === undefined) buildApp().synth();
  else {
    const context = templatesOnly ? { 'aws:cdk:bundling-stacks': [] } : {};
    const app = buildApp({ outdir, environments, context });
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
