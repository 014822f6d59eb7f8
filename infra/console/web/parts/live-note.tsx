import type { LiveState } from './live.ts';
import { Text } from './text.tsx';

/** Whether a list is up to date, and why not. */
export function LiveNote({ state, isFixed }: { state: LiveState; isFixed: boolean }) {
  if (isFixed) return <span className="live quiet">not live: the time has an end</span>;
  switch (state.kind) {
    case 'live':
      return <span className="live on">live</span>;
    case 'behind':
      return (
        <span className="live behind" role="status">
          <Text>{state.text}</Text>
        </span>
      );
    case 'lost':
      return (
        <span className="live behind" role="status">
          not live; connecting again
        </span>
      );
    default:
      return <span className="live quiet">connecting</span>;
  }
}
