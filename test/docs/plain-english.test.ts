import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/*
 * Product code and pages name their actors: the sender, the operator, a recipient, a process. These
 * words hide the actor and make a sentence a riddle, so none of them may come back.
 */
const words = ['nobody', 'whoever', 'whomever', 'somebody', 'everybody', 'anybody'];

const root = new URL('../../', import.meta.url).pathname;
const isText = /\.(ts|js|md|ya?ml)$/;

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && isText.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** Each line with one of the words, as `docs/cli.md:7: the line`. */
function findings(file: string, text: string): string[] {
  const pattern = new RegExp(`\\b(${words.join('|')})\\b`, 'i');
  return text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []));
}

test.each(['functions', 'shared', 'infra', 'docs'])(
  '%s names its actors: the sender, the operator, a recipient',
  (folder) => {
    const found = filesBelow(folder).flatMap((path) => findings(path.slice(root.length), readFileSync(path, 'utf8')));
    expect(found).toEqual([]);
  },
);

test('README.md and CONTRIBUTING.md name theirs', () => {
  const found = ['README.md', 'CONTRIBUTING.md'].flatMap((file) =>
    findings(file, readFileSync(join(root, file), 'utf8')),
  );
  expect(found).toEqual([]);
});

test.each(words)('a line with "%s" is found with its place', (word) => {
  expect(findings('docs/cli.md', `It is called\nwhen ${word} asks.`)).toEqual([`docs/cli.md:2: when ${word} asks.`]);
});

test('a longer word is not one of them', () => {
  expect(findings('docs/cli.md', 'the busybody')).toEqual([]);
});
