import { readFileSync, writeFileSync } from 'node:fs';
import type { Recording } from './kept.ts';

/**
 * What messages and rows are made of: for each queue the members of its messages, for each table the attributes of its
 * rows, with their types.
 */
export type Forms = Record<string, string[]>;

const file = new URL('../fixtures/rollback-forms.json', import.meta.url);

export function formsOf({ queues, tables }: Pick<Recording, 'queues' | 'tables'>): Forms {
  const forms: Forms = {};
  for (const [name, bodies] of Object.entries(queues)) {
    const members = bodies.flatMap((text) => {
      const { v, body, ...message } = JSON.parse(text) as Record<string, unknown>;
      return [
        `v ${v}`,
        ...Object.keys(message),
        ...Object.keys((body ?? {}) as object).map((member) => `body.${member}`),
      ];
    });
    forms[`queue ${name}`] = sorted(members);
  }
  for (const [name, items] of Object.entries(tables)) {
    const attributes = items.flatMap((item) =>
      Object.entries(item).flatMap(([attribute, value]) => Object.keys(value).map((type) => `${attribute} ${type}`)),
    );
    forms[`table ${name}`] = sorted(attributes);
  }
  return forms;
}

function sorted(names: string[]): string[] {
  return [...new Set(names)].sort();
}

export function keepForms(forms: Forms): void {
  writeFileSync(file, `${JSON.stringify(forms, undefined, 2)}\n`);
}

/** How the forms differ from those that are kept. */
export function changesOf(forms: Forms): string[] {
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Forms;
  return [...new Set([...Object.keys(kept), ...Object.keys(forms)])].flatMap((name) => {
    const [before = [], now = []] = [kept[name], forms[name]];
    return [
      ...now.filter((one) => !before.includes(one)).map((one) => `${name} now has ${one}`),
      ...before.filter((one) => !now.includes(one)).map((one) => `${name} no longer has ${one}`),
    ];
  });
}
