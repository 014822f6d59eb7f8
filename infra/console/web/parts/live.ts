import { useEffect, useRef, useState } from 'react';
import type { PageProblem } from '../client.ts';

/** Whether what is shown is up to date: `behind` says why not. */
export type LiveState =
  | { kind: 'off' }
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'behind'; text: string }
  | { kind: 'lost' };

const againMs = 3_000;
// The server sends a sign of life every 15 seconds.
const silentMs = 40_000;

/**
 * Follows a route of server-sent events while the page can be seen.
 * @param url absent: not now
 * @param onOpen called at each connection but the first: something may have been missed
 */
export function useLive<Item>(url: string | undefined, onItem: (item: Item) => void, onOpen: () => void): LiveState {
  const [state, setState] = useState<LiveState>({ kind: 'off' });
  const handlers = useRef({ onItem, onOpen });
  handlers.current = { onItem, onOpen };
  const isVisible = useVisible();
  const wasOpen = useRef<string>(undefined);

  useEffect(() => {
    if (url === undefined || !isVisible) return setState({ kind: 'off' });
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(again, silentMs);
    };
    const again = () => {
      source?.close();
      clearTimeout(timer);
      setState({ kind: 'lost' });
      timer = setTimeout(open, againMs);
    };
    const open = () => {
      source = new EventSource(url);
      source.addEventListener('alive', () => {
        alive();
        setState((now) => (now.kind === 'behind' ? now : { kind: 'live' }));
      });
      source.onopen = () => {
        if (wasOpen.current === url) handlers.current.onOpen();
        wasOpen.current = url;
        alive();
      };
      source.onmessage = ({ data }) => {
        alive();
        const item = JSON.parse(data) as Item & { note?: { kind: string; text: string } };
        if (item.note !== undefined && item.note.kind !== 'seeing_again')
          return setState({ kind: 'behind', text: item.note.text });
        setState({ kind: 'live' });
        if (item.note === undefined) handlers.current.onItem(item);
      };
      source.addEventListener('problem', ({ data }) => {
        source?.close();
        clearTimeout(timer);
        setState({ kind: 'behind', text: (JSON.parse(data) as PageProblem).title });
        timer = setTimeout(open, 2 * againMs);
      });
      source.onerror = again;
    };
    setState({ kind: 'connecting' });
    open();
    return () => {
      source?.close();
      clearTimeout(timer);
    };
  }, [url, isVisible]);
  return state;
}

function useVisible(): boolean {
  const [isVisible, setVisible] = useState(document.visibilityState === 'visible');
  useEffect(() => {
    const changed = () => setVisible(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', changed);
    return () => document.removeEventListener('visibilitychange', changed);
  }, []);
  return isVisible;
}
