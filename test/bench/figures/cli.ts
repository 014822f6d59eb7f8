import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import picocolors from 'picocolors';
import { root } from '../../../infra/build/build.js';
import { actionColumns } from '../../../infra/cli/actions/table.ts';
import { renderTable } from '../../../infra/cli/terminal/table.ts';
import { actionRow } from '../../../shared/operations/actions/action-row.ts';
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
      const figures: Figure[] = tableFigures();
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

const tableRows = 10_000;
const outcomes = {
  'in ASCII': 'target_refused: the target answered 400: unknown template '.repeat(8),
  'with · and —': 'target_refused · the target answered 400 — unknown template · '.repeat(8),
  'in Japanese': '送信先がこのイベントを拒否しました。'.repeat(26),
};

/** A list of actions with outcomes of 500 characters, as a table of the widest and the narrowest form. */
function tableFigures(): Figure[] {
  const colours = picocolors.createColors(false);
  const nowMs = Date.now();
  return Object.entries(outcomes).flatMap(([language, detail]) => {
    const rows = Array.from({ length: tableRows }, () => {
      const event = eventEntry();
      const failed = outcome(event.id, { status: 'failed', reason: 'target_refused', detail: detail.slice(0, 500) });
      return actionRow(actionEntry(event, []), failed);
    });
    return [80, 200, undefined].map((columns): Figure => {
      const before = process.cpuUsage();
      renderTable(actionColumns(colours, nowMs), rows, { columns, colours });
      const { user, system } = process.cpuUsage(before);
      return {
        name: `${tableRows.toLocaleString('en-US')} actions as a table, ${columns ?? 'no'} columns, outcomes ${language}`,
        measured: (user + system) / 1000,
        unit: 'ms',
        bound: { atMost: 3_000 },
      };
    });
  });
}

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
