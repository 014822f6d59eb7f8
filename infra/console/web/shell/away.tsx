import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react';
import { isAway, problemIn } from '../client.ts';
import { Text } from '../parts/text.tsx';

/**
 * Says over a page that shows what it read before that its environment does not answer now. Once it does, the page is read
 * again.
 */
export function AwayBanner() {
  const queries = useQueryClient();
  const cache = queries.getQueryCache();
  const problem = useSyncExternalStore(
    useCallback((changed) => cache.subscribe(changed), [cache]),
    () => {
      const away = cache
        .findAll({ type: 'active' })
        .find(({ state }) => isAway(state.error) && state.data !== undefined);
      if (away === undefined) return undefined;
      const { title, remedies } = problemIn(away.state.error);
      return [title, ...remedies].join(' · ');
    },
  );
  const wasAway = useRef(false);
  const isHere = problem === undefined;
  useEffect(() => {
    // A list that is followed is read again when it is followed again.
    if (isHere && wasAway.current) void queries.invalidateQueries({ predicate: ({ state }) => !isList(state.data) });
    wasAway.current = !isHere;
  }, [isHere, queries]);
  if (problem === undefined) return null;
  return (
    <div className="banner" role="alert">
      <Text>{problem}</Text> <span className="quiet">What is shown is from before; it goes on by itself.</span>
    </div>
  );
}

/** Parts that were read while the reader scrolled: as many as there are, they would all be read again. */
const isList = (data: unknown) => typeof data === 'object' && data !== null && 'pages' in data;
