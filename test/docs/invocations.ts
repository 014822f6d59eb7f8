import { fencesOf, proseOf } from './markdown.ts';

/** A command; `named` where the text only names it, and may leave its arguments out. */
export type Shown = { command: string; named: boolean };

/** Every command of a page that begins with `program`, in fences and in the text, up to what ends it. */
export function invocationsOf(page: string, program: string): Shown[] {
  const inline = [...proseOf(page).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '));
  const lines = fencesOf(page.split('\n')).flatMap((fence) => fence.text.replaceAll(/\\\n\s*/g, ' ').split('\n'));
  const invocation = new RegExp(
    `(?<![\\w/.-])${program}((?: +(?:"[^"]*"|'[^']*'|\\$\\([^)]*\\)|[^\\s|;&<>#()"']+))+)`,
    'g',
  );
  const find = (codes: string[], named: boolean): Shown[] =>
    codes.flatMap((code) => [...code.matchAll(invocation)].map(([, words = '']) => ({ command: words.trim(), named })));
  return [...find(inline, true), ...find(lines, false)];
}
