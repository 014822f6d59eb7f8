import { sourceKind, sourceKinds } from '../../core/sources/index.ts';
import type { KnockProvider, KnockSettings, KnockSourceRead } from './account.ts';

/** Which kind a source of Knock is here, and by what it was told. */
export type ToldKind = {
  kind: string;
  /** `asked`: the person named it. `assumed`: nothing names a sender, so it is any HTTP sender. */
  by: 'asked' | 'key' | 'name' | 'assumed';
};

/**
 * Knock's API does not say which template a source was made from. Its key and its name do, since
 * they begin as the template's; what only the first generation has tells the generation.
 */
export function tellKind({ key, name, environments }: KnockSourceRead, asked: string | undefined): ToldKind {
  if (asked !== undefined) return { kind: asked, by: 'asked' };
  const isLegacy = [...environments.values()].some(({ settings }) => isFirstGeneration(settings));
  for (const [by, text] of [
    ['key', key],
    ['name', name],
  ] as const) {
    const words = wordsOf(text);
    // A longer name first: `http-legacy` before `http`.
    const found = senders.find((id) => words.includes(id));
    if (found === undefined) continue;
    return { kind: isLegacy && sourceKind(`${found}-legacy`) ? `${found}-legacy` : found, by };
  }
  return { kind: isLegacy ? 'http-legacy' : 'http', by: 'assumed' };
}

/** Kinds that are told by their name. */
const senders = sourceKinds.map(({ id }) => id).filter((id) => !id.endsWith('-legacy'));

const wordsOf = (text: string) => text.toLowerCase().split(/[^a-z0-9]+/);

/** Sources of the first generation have switches, and no paths of their own. */
export function isFirstGeneration(settings: KnockSettings): boolean {
  return settings.handle_identifies != null || settings.enforce_idempotency != null;
}

/** The template that sources of a kind begin as; undefined when the account does not offer one. */
export function providerOf(
  kind: string,
  providers: ReadonlyMap<string, KnockProvider> | undefined,
): KnockProvider | undefined {
  const names = kind === 'http' ? ['custom_http', 'http', 'custom'] : [kind];
  return names.map((name) => providers?.get(name)).find((provider) => provider !== undefined);
}
