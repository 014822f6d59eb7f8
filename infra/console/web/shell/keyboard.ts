import { useEffect, useRef } from 'react';

/** Whether a key belongs to a field that is being filled, or to an open dialog. */
function isTyping(event: KeyboardEvent): boolean {
  // The editor is in a shadow root, whose host is all that the page sees as the target.
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input, textarea, select') || target.closest('dialog') !== null;
}

/** Keys of a page: `j`, `Enter`, `Mod+k`. A key without `Mod` is left to fields and dialogs. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isMod = event.metaKey || event.ctrlKey;
      const act = current.current[isMod ? `Mod+${event.key}` : event.key];
      if (act === undefined || event.altKey || event.defaultPrevented) return;
      if (!isMod && isTyping(event)) return;
      act(event);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
