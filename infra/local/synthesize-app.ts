// A process of its own: CDK takes 200 MB that the runtime would carry along until it ends.
import { buildApp } from '../app.ts';

const [outdir, ...environments] = process.argv.slice(2);
try {
  buildApp({ outdir, environments }).synth();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
