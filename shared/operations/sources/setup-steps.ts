/** A step of the guide, with this source's own values filled in. */
export function filled(
  step: string,
  { key, environment, url }: { key: string; environment: string; url: string | undefined },
): string {
  return step
    .replaceAll('{url}', url ?? `(npx signalbox sources ${key} -e ${environment} prints it)`)
    .replaceAll('{key}', key)
    .replaceAll('{environment}', environment);
}

/** A part of a step on a page, where the URL, the secret and the settings have places of their own. */
export type StepPart =
  | { kind: 'text' | 'code'; text: string }
  /** Lines of an example, as they stand. */
  | { kind: 'block'; text: string }
  /** The source's URL, which a page shows only when it is asked for. */
  | { kind: 'url' }
  | { kind: 'place'; place: 'secret' | 'settings' };

const makesSecret =
  /`sources add` makes the secret and shows it once; `npx signalbox secrets set \{key\} --generate` makes another\./;

/** A step of the guide for a page: commands that the page stands for lead to their place on it. */
export function stepParts(step: string, names: { key: string; environment: string }): StepPart[] {
  const told = step.replace(
    makesSecret,
    'Make it with `npx signalbox secrets set {key} --generate`; it is shown once.',
  );
  const fill = (text: string) => filled(text, { ...names, url: '{url}' });
  return told.split(/(```\w*\n[\s\S]*?\n```|`[^`]*`|\{url\})/).flatMap((part): StepPart[] => {
    if (part === '') return [];
    const block = /^```\w*\n([\s\S]*)\n```$/.exec(part)?.[1];
    if (block !== undefined) return [{ kind: 'block', text: fill(block) }];
    if (part === '{url}') return [{ kind: 'url' }];
    const code = /^`([^`]*)`$/.exec(part)?.[1];
    if (code === undefined) return [{ kind: 'text', text: fill(part) }];
    if (/^npx signalbox secrets set \{key\}( --generate)?$/.test(code)) return [{ kind: 'place', place: 'secret' }];
    if (/^npx signalbox settings set \{key\} /.test(code)) return [{ kind: 'place', place: 'settings' }];
    return [{ kind: 'code', text: fill(code) }];
  });
}
