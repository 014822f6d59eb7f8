/** A template in parts: texts and paths in turn; the first and the last part are texts. */
export type TemplateParts = readonly string[];

// A quoted name between the braces may contain braces too. A bracket with a quote always begins
// such a name, so every text has one reading.
const path = /\{\{((?:[^{}[]|\[(?!["'])|\["(?:[^"\\]|\\.)*"|\['(?:[^'\\]|\\.)*')*)\}\}/;

/**
 * Splits a template at its `{{paths}}`: those are the parts with an odd index, without surrounding
 * space.
 */
export function templateParts(template: string): TemplateParts {
  return template.split(path).map((part, i) => (i % 2 === 1 ? part.trim() : part));
}

/** The paths of a template, as written. */
export function templatePaths(template: string): string[] {
  return templateParts(template).filter((_, i) => i % 2 === 1);
}

/** Whether it has braces that do not enclose a path: `{{a}`, `}}`. */
export function hasLooseBraces(template: string): boolean {
  return templateParts(template).some((part, i) => i % 2 === 0 && /\{\{|\}\}/.test(part));
}
