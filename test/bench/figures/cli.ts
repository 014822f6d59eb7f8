import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../../infra/build/build.js';
import { actionEntry, eventEntry, outcome, run } from '../../cli/entries-for-tests.ts';
import { startEnvironment } from '../../cli/environment-for-tests.ts';
import { writeRuntimeFile } from '../../cli/runtime-file.ts';
import { liveConfiguration } from '../../support/build.ts';
import type { Figure, Section } from '../figure.ts';
import { median } from '../measure.ts';

const runs = 5;

/** Processor time of whole commands: what a person waits for before the first answer of AWS. */
export const cli: Section = {
  name: 'cli',
  about: 'processor time of one command, a process of its own, against emulators',
  async measure(say) {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
    const runtimeFile = join(folder, 'runtime.json');
    const environment = await startEnvironment();
    try {
      const event = eventEntry();
      await environment.commit(liveConfiguration());
      await environment.eventLog.writeEach([event]);
      await environment.actionLog.writeEach([actionEntry(event, [outcome(event.id)])]);
      await environment.runs.createIfAbsent(run(event));
      writeRuntimeFile(runtimeFile, environment);
      const cost = (args: string[]) => cpuMs(args, { folder, runtimeFile });
      const baseline = { what: 'node alone', measured: await cost(['-e', '']) };
      const commands: [string[], number][] = [
        [['events'], 350],
        [['why', event.id], 350],
        [['sources', '--json'], 500],
        [['actions', '--event', event.id, '--json'], 500],
        [['mapping', 'test', 'rudderstack', '--event', event.id, '--json'], 500],
      ];
      const figures: Figure[] = [];
      for (const [args, atMost] of commands) {
        const name = args.map((arg) => (arg === event.id ? 'ID' : arg)).join(' ');
        say(name);
        const measured = await cost([join(root, 'infra/cli/bin/signalbox.js'), ...args]);
        figures.push({ name, measured, unit: 'ms', bound: { atMost }, baseline });
      }
      return figures;
    } finally {
      await environment.stop();
      rmSync(folder, { recursive: true });
    }
  },
};

async function cpuMs(
  args: string[],
  { folder, runtimeFile }: { folder: string; runtimeFile: string },
): Promise<number> {
  const report = `process.on('exit', () => { const { user, system } = process.cpuUsage(); process.stderr.write('cpu ms: ' + (user + system) / 1000); })`;
  const options = ['--import', `data:text/javascript,${encodeURIComponent(report)}`];
  const env = {
    PATH: process.env.PATH,
    SIGNALBOX_RUNTIME_FILE: runtimeFile,
    AWS_EC2_METADATA_DISABLED: 'true',
    HOME: folder,
  };
  const each: number[] = [];
  for (let i = 0; i < runs; i++) {
    const { stderr } = await promisify(execFile)(process.execPath, [...options, ...args], { env });
    each.push(Number(/cpu ms: ([\d.]+)/.exec(stderr)?.[1]));
  }
  return median(each);
}
