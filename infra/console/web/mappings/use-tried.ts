import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ComparedText } from '../../../../shared/operations/mappings/editor/compare-text.ts';
import type { FileRef } from '../../../../shared/operations/mappings/editor/mapping-file.ts';
import type { Tried } from '../../../../shared/operations/mappings/editor/try-text.ts';
import { read } from '../client.ts';
import { useEnvironment } from '../shell/environment.tsx';

/** A value once it has not changed for a while. */
export function useSettled<Value>(value: Value, ms: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

export type Choice = { source: string; type: string; event: string | undefined };
type Asked = { file: FileRef; text: string; adds: readonly string[] } & Choice;

const typingMs = 150;
const restingMs = 700;
const keptMs = 10_000;

/** An answer of the server, and whether it is of the text that is shown. */
export type Answered<Data> = { data: Data | undefined; error: unknown; isCurrent: boolean };

/**
 * What the server says of a text. Each answer belongs to its text, so an older one is never shown as
 * that of a newer text; until there is one, the last is shown as not current.
 */
export function useTried(
  { file: { kind, key }, text, adds, source, type, event }: Asked,
  isReady: boolean,
): Answered<Tried & { text: string }> {
  const { name, api } = useEnvironment();
  const settled = useSettled(text, typingMs);
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: [name, 'mappings', 'tried', kind, key, source, type, event, settled],
    queryFn: async ({ signal }) => {
      const edited = { file: { kind, key }, text: settled, adds: [...adds] };
      const json = { ...edited, source, type, ...(event !== undefined && { event }) };
      const answer = await read(api.mappings.try['dry-run'].$post({ json }, { init: { signal } }));
      return { ...(answer as Tried), text: settled };
    },
    enabled: isReady,
    placeholderData: keepPreviousData,
    gcTime: keptMs,
  });
  return { data, error, isCurrent: settled === text && !isPlaceholderData && data !== undefined };
}

/** What a text would change for the last events; only asked for while `isWanted`. */
export function useCompared(
  { file: { kind, key }, text, adds, source, type }: Omit<Asked, 'event'>,
  isWanted: boolean,
): Answered<ComparedText> {
  const { name, api } = useEnvironment();
  const settled = useSettled(text, restingMs);
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: [name, 'mappings', 'compared', kind, key, source, type, settled],
    enabled: isWanted && settled === text && type !== '',
    queryFn: async ({ signal }) => {
      const json = { file: { kind, key }, text: settled, adds: [...adds], source, type };
      return (await read(api.mappings.compare['dry-run'].$post({ json }, { init: { signal } }))) as ComparedText | null;
    },
    placeholderData: keepPreviousData,
    gcTime: keptMs,
  });
  return { data: data ?? undefined, error, isCurrent: isWanted && settled === text && !isPlaceholderData };
}
