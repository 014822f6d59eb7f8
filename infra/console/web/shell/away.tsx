import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';
import { isAway, problemIn } from '../client.ts';
import { Text } from '../parts/text.tsx';

/** Says over a page that shows what it read before that its environment does not answer now. */
export function AwayBanner() {
  const cache = useQueryClient().getQueryCache();
  const problem = useSyncExternalStore(
    useCallback((changed) => cache.subscribe(changed), [cache]),
    () => {
      const away = cache.getAll().find(({ state }) => isAway(state.error) && state.data !== undefined);
      if (away === undefined) return undefined;
      const { title, remedies } = problemIn(away.state.error);
      return [title, ...remedies].join(' · ');
    },
  );
  if (problem === undefined) return null;
  return (
    <div className="banner" role="alert">
      <Text>{problem}</Text> <span className="quiet">What is shown is from before; it goes on by itself.</span>
    </div>
  );
}
