import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadCommands, refusedBecause } from './cli-commands.ts';
import { invocationsOf } from './invocations.ts';
import { anchorOf, proseOf, sectionsOf } from './markdown.ts';

/*
 * What the documents point at is there: files, headings, and the commands of the CLI with the options that are shown.
 */
const root = join(import.meta.dirname, '..', '..');
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
const pages = ['README.md', 'CONTRIBUTING.md', ...docs].sort();
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

/** The anchors of a page; a title that comes again gets a number, as GitHub does it. */
function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const titles = sectionsOf(textOf(page)).filter(({ level }) => level > 0);
  return new Set(
    titles.map(({ title }) => {
      const anchor = anchorOf(title);
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    }),
  );
}

/** Why a link of a page leads nowhere; undefined when it does not, or leads out of the repository. */
function brokenBecause(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : relative(root, join(root, dirname(page), path));
  if (!existsSync(join(root, file))) return `there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (statSync(join(root, file)).isDirectory()) return `${file} is a folder`;
  return anchorsOf(file).has(anchor) ? undefined : `${file} has no heading #${anchor}`;
}

const linksOf = (page: string) => [...proseOf(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);

const commandsOf = (page: string) => invocationsOf(textOf(page), 'npx signalbox');

beforeAll(loadCommands);

describe.each(pages)('%s', (page) => {
  test('has no link that leads nowhere', () => {
    const broken = linksOf(page).flatMap((link) => brokenBecause(page, link) ?? []);
    expect(broken).toEqual([]);
  });

  test('shows only commands that the CLI has, with options that they take', () => {
    const refused = commandsOf(page).flatMap(({ command, named }) => {
      const because = refusedBecause(command);
      const isFine = because === undefined || (named && because.includes('missing required argument'));
      return isFine ? [] : [`${command}: ${because}`];
    });
    expect(refused).toEqual([]);
  });
});

describe('this test', () => {
  test('finds the links and commands that there are', () => {
    expect(linksOf('README.md').length).toBeGreaterThan(5);
    expect(commandsOf('README.md')).toContainEqual({ command: 'send rudderstack', named: false });
    expect(commandsOf('docs/roll-back.md')).toContainEqual({
      command: 'events --status failed --since 2h',
      named: true,
    });
  });

  test('notices a missing file, a missing heading, a wrong command, option, value or argument', () => {
    expect(brokenBecause('README.md', 'docs/nothing.md')).toBe('there is no docs/nothing.md');
    expect(brokenBecause('docs/deploy.md', 'alarms.md#nothing')).toBe('docs/alarms.md has no heading #nothing');
    expect(refusedBecause('event')).toContain('unknown command');
    expect(refusedBecause('events lst')).toContain('no command');
    expect(refusedBecause('events --sourc x')).toContain('unknown option');
    expect(refusedBecause('actions --status done')).toContain('is not a status of an action');
    expect(refusedBecause('users get')).toContain('missing required argument');
  });
});
