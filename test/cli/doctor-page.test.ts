import { expect, test } from '@jest/globals';
import picocolors from 'picocolors';
import { printDiagnosis } from '../../infra/cli/doctor/page.ts';
import type { Diagnosis } from '../../shared/operations/doctor/diagnose.ts';

const nowMs = Date.parse('2026-11-30T12:00:00Z');

function printed(change: Partial<Diagnosis> = {}): string[] {
  const lines: string[] = [];
  const stage = { came_in: 0, went_on: 0, did_nothing: 0, failed: 0, erased: 0, waiting: null, oldest_seconds: null };
  const diagnosis: Diagnosis = {
    ok: true,
    over_since: null,
    environment: 'development',
    since: '2026-11-30T11:00:00Z',
    until: '2026-11-30T12:00:00Z',
    configuration: { version: 7, live_since: '2026-11-30T11:58:00Z', by: 'Ada' },
    findings: [],
    waiting: { messages: 0, held: 0 },
    did_nothing_next: null,
    stages: [{ ...stage, stage: 'ingest' }],
    sources: [],
    ...change,
  };
  const terminal = {
    columns: 80,
    interactive: false,
    colours: picocolors.createColors(false),
    out: (text: string) => void lines.push(...text.split('\n')),
    print: () => undefined,
    note: () => undefined,
    drained: async () => undefined,
  };
  printDiagnosis(terminal, diagnosis, { where: 'local', nowMs });
  return lines;
}

test('no line is wider than the terminal, however long the name of who committed', () => {
  const by = 'Augusta Ada King Countess of Lovelace <ada@analytical-engines.example>';
  const lines = printed({ configuration: { version: 7, live_since: '2026-11-30T11:58:00Z', by } });
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.join(' ')).toContain(`went live 2 min ago by ${by}`);
});

test('the table of the stages is followed by what waits, and by the command for what did nothing', () => {
  expect(printed()).toContain('Nothing waits.');
  const waits = printed({
    waiting: { messages: 3, held: 1200 },
    did_nothing_next: 'npx signalbox events --did-nothing --since 60m',
  });
  expect(waits).toContain('Waiting: 3 messages in queues, 1,200 held.');
  expect(waits).toContain('What did nothing, and why: npx signalbox events --did-nothing --since 60m');
});

test('what cannot be read is not said to be empty', () => {
  expect(printed({ waiting: null }).join(' ')).not.toContain('aits');
});
