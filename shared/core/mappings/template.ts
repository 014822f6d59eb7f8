/** Text with paths in it, taken apart: what stands between the paths, and the paths, in turns; text comes first and last. */
export type TemplateParts = readonly string[];

// Between the braces, a quoted name may hold braces too. A bracket with a quote always begins such a name, so that no text
// can be read in two ways.
const path = /\{\{((?:[^{}[]|\[(?!["'])|\["(?:[^"\\]|\\.)*"|\['(?:[^'\\]|\\.)*')*)\}\}/;

/** Takes a template apart at its `{{paths}}`: those are the parts with an odd index, without the space around them. */
export function templateParts(template: string): TemplateParts {
  return template.split(path).map((part, i) => (i % 2 === 1 ? part.trim() : part));
}

/** The paths of a template, as they are written in it. */
export function templatePaths(template: string): string[] {
  return templateParts(template).filter((_, i) => i % 2 === 1);
}

/** Whether there are braces in it that belong to no path: `{{a}`, `}}`. */
export function hasLooseBraces(template: string): boolean {
  return templateParts(template).some((part, i) => i % 2 === 0 && /\{\{|\}\}/.test(part));
}
