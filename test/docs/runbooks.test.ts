import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { alarmKindOf } from '../../shared/operations/alarms/alarm-kinds.ts';
import { resourcesOf, templateOf } from '../infra/templates.ts';
import { listedKinds, withAlarmTable } from './alarm-table.ts';
import { awsRefusedBecause, loadAwsClients } from './aws-commands.ts';
import { invocationsOf } from './invocations.ts';
import { sectionsOf } from './markdown.ts';

const textOf = (page: string) => readFileSync(`docs/runbooks/${page}.md`, 'utf8');

beforeAll(loadAwsClients);

test('there is one page for each alarm, and none for another', () => {
  const pages = readdirSync('docs/runbooks').map((file) => file.replace(/\.md$/, ''));
  expect(pages.sort()).toEqual(listedKinds.map(({ page }) => page).sort());
});

test.each(environments)('every alarm of $name names its page', ({ name }) => {
  for (const [, { Properties }] of resourcesOf(templateOf(name), 'AWS::CloudWatch::Alarm')) {
    const kind = alarmKindOf(String(Properties.AlarmName).replace(`signalbox-${name}-`, ''));
    expect(Properties.AlarmDescription).toBe(`${kind?.means} What to do: docs/runbooks/${kind?.page}.md`);
  }
});

test('docs/alarms.md lists every alarm, as npm run docs writes it', () => {
  const page = readFileSync('docs/alarms.md', 'utf8');
  expect(page).toBe(withAlarmTable(page));
});

describe.each(listedKinds)('docs/runbooks/$page.md', ({ page, raisedWithinMinutes }) => {
  const sections = new Map(sectionsOf(textOf(page)).map(({ title, lines }) => [title, lines.join('\n')]));
  const commandsIn = (text: string) => [...invocationsOf(text, 'npx signalbox'), ...invocationsOf(text, 'aws')];

  test('says what it means, what to run, why it happens, and when it is over', () => {
    const titles = [page, 'What it means', 'First commands', 'Usual causes', 'It is over when'];
    expect([...sections.keys()].filter((title) => title !== '')).toEqual(titles);
    expect(sections.get(page)).toContain(`Raised within ${raisedWithinMinutes} minutes`);
  });

  test('begins and ends with commands that can be run as they are', () => {
    for (const title of ['First commands', 'It is over when'])
      expect([title, commandsIn(sections.get(title) ?? '').length > 0]).toEqual([title, true]);
    expect(textOf(page)).not.toContain('jq ');
  });

  test('shows commands of AWS that there are', () => {
    const refused = invocationsOf(textOf(page), 'aws').flatMap(({ command }) => awsRefusedBecause(command) ?? []);
    expect(refused).toEqual([]);
  });

  test('works in the environment that it is about', () => {
    for (const { command } of invocationsOf(textOf(page), 'npx signalbox'))
      expect([command, / -e E$| -e E /.test(command) || !command.includes(' --')]).toEqual([command, true]);
  });
});
