/* What was written and not saved outlives a reload, in this tab alone. */

export type Unsaved = { hash: string; text: string };

export function readUnsaved(name: string): Unsaved | undefined {
  try {
    const stored = JSON.parse(sessionStorage.getItem(name) ?? 'null') as Unsaved | null;
    return typeof stored?.hash === 'string' && typeof stored.text === 'string' ? stored : undefined;
  } catch {
    return undefined;
  }
}

export function keepUnsaved(name: string, unsaved: Unsaved | undefined): void {
  try {
    if (unsaved === undefined) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(unsaved));
  } catch {
    // The storage is full or switched off. The browser still asks before the page is left.
  }
}
