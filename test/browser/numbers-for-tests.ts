import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Diagnosis } from '../../shared/operations/doctor/diagnose.ts';
import type { JobRow } from '../../shared/operations/jobs/job-row.ts';
import type { CliEnded } from '../support/warm-cli.ts';
import { eventually } from './browser-for-tests.ts';

/* Numbers of pages beside those of the commands that stand below them, typed at the same time. */

/** A command, as a person types it behind `npx signalbox`. */
export type Typed = (args: string[]) => Promise<CliEnded>;

/** What `--json` prints: `doctor` and `verify` say by their exit code what they found. */
export async function jsonOf(typed: Typed, args: string[]): Promise<unknown> {
  const { stdout, stderr } = await typed([...args, '--json']);
  if (stdout === '') throw new Error(`npx signalbox ${args.join(' ')} printed nothing:\n${stderr}`);
  return JSON.parse(stdout);
}

/** The command that the page names, without the environment, which `typed` adds. */
async function commandBelow(page: Page): Promise<string[]> {
  const line = await page.locator('.page-foot code').innerText();
  return line
    .replace(/^npx signalbox /, '')
    .replace(/ -e \S+$/, '')
    .split(' ');
}

const numberIn = (text: string | null | undefined) => Number(/[\d,]+/.exec(text ?? '')?.[0].replaceAll(',', '') ?? 0);

const stageTitles: Record<string, string> = {
  ingest: 'Ingest',
  processor: 'Processor',
  'workflow-trigger': 'Actions',
  targets: 'Targets',
  'dead letters': 'Dead letters',
};

type Shown = {
  stages: { title: string; cameIn: number; failed: number; waiting: number }[];
  findings: [id: string, cause: string][];
  sources: [source: string, accepted: number, refused: number, failed: number][];
};

async function overviewOf(page: Page): Promise<Shown> {
  const stages = [];
  for (const stage of await page.locator('.pipeline li').all()) {
    const [title = ''] = await stage.locator('h3').allInnerTexts();
    if (title === 'Sources') continue;
    const text = await stage.innerText();
    stages.push({
      title,
      cameIn: numberIn(await stage.locator('.figure').innerText()),
      failed: numberIn((await stage.locator('.bad').allInnerTexts())[0]),
      waiting: numberIn(/[\d,]+ waiting/.exec(text)?.[0]),
    });
  }
  const findings: Shown['findings'] = [];
  for (const finding of await page.locator('.findings li').all())
    findings.push([await finding.locator('strong').innerText(), await finding.locator('p').first().innerText()]);
  const rows = page.locator('.plain-rows tbody tr');
  const sources = (await Promise.all((await rows.all()).map((row) => row.locator('td').allInnerTexts()))).map(
    ([source = '', , ...counts]): Shown['sources'][number] => {
      const [accepted = 0, refused = 0, failed = 0] = counts.map(numberIn);
      return [source, accepted, refused, failed];
    },
  );
  return { stages, findings, sources };
}

function overviewBy({ stages, findings, sources }: Diagnosis): Shown {
  return {
    stages: stages
      .filter(({ stage, came_in, waiting }) => stage !== 'dead letters' || came_in > 0 || (waiting ?? 0) > 0)
      .map(({ stage, came_in, failed, waiting }) => ({
        title: stageTitles[stage] ?? stage,
        cameIn: came_in,
        failed,
        waiting: waiting ?? 0,
      })),
    findings: findings.map(({ id, cause }) => [id.replaceAll('_', ' '), cause]),
    sources: sources.map(({ source, accepted, refused, failed }) => [source, accepted, refused, failed]),
  };
}

/** The overview that is open says what `doctor` says, once both have read the same minute. @returns what `doctor` says */
export async function expectOverviewOfCli(page: Page, typed: Typed): Promise<Diagnosis> {
  return eventually(async () => {
    const diagnosis = (await jsonOf(typed, await commandBelow(page))) as Diagnosis;
    expect(await overviewOf(page)).toEqual(overviewBy(diagnosis));
    return diagnosis;
  });
}

/** The page of problems that is open has the groups that its command prints. @returns the count of each reason */
export async function expectProblemsOfCli(page: Page, typed: Typed): Promise<Record<string, number>> {
  return eventually(async () => {
    const groups = (await jsonOf(typed, await commandBelow(page))) as { value: string; count: number }[];
    const section = page.locator('section', { hasText: /actions? failed or skipped/ });
    const rows = await section.locator('.groups tbody tr').all();
    const shown = await Promise.all(
      rows.map(async (row) => ({
        value: await row.locator('.row-link').innerText(),
        count: numberIn(await row.locator('td').nth(1).innerText()),
      })),
    );
    expect(shown).toEqual(groups.map(({ value, count }) => ({ value, count })));
    const all = groups.reduce((sum, { count }) => sum + count, 0);
    if (groups.length > 0) expect(numberIn(await section.locator('h2').innerText())).toBe(all);
    return Object.fromEntries(groups.map(({ value, count }) => [value, count]));
  });
}

/** The page of jobs that is open lists what its command lists. @returns the newest job */
export async function expectJobsOfCli(page: Page, typed: Typed): Promise<JobRow> {
  return eventually(async () => {
    const jobs = (await jsonOf(typed, await commandBelow(page))) as JobRow[];
    const shown = await page.locator('.jobs li').allInnerTexts();
    expect(shown).toHaveLength(jobs.length);
    for (const [i, { id, kind, state, total, counts }] of jobs.entries()) {
      const text = shown[i] ?? '';
      const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
      const number = (value: number) => value.toLocaleString('en-US');
      for (const part of [id, state, `${kind} of ${number(total)} event`, `${number(done)} of ${number(total)}`])
        expect(text).toContain(part);
      for (const [word, count] of Object.entries(counts))
        if (count > 0) expect(text).toContain(`${number(count)} ${word}`);
    }
    return jobs[0] as JobRow;
  });
}
