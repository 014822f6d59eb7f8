import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from '../build/build.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Synthesizes the app with its bundles into `outdir`: exactly the template and bundles of a deploy.
 * @param only `templates`: without the bundles, in a third of the time. Default: both.
 * @throws Error with the app's output
 */
export async function synthesize(outdir: string, environments: string[], only?: 'templates'): Promise<void> {
  // Built again if the stack's sources have changed, which a watching run does.
  const script = await ensureBuilt('infra/synth.ts');
  const child = spawn(
    process.execPath,
    [script, ...(only === 'templates' ? ['--templates'] : []), outdir, ...environments],
    {
      cwd: root,
      // CloudFormation's rules are checked by tests and by every deploy; here they would take half of
      // the start.
      env: { ...process.env, CDK_VALIDATION: 'false' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the app cannot be synthesized:\n${printed.join('').trim()}`);
}
