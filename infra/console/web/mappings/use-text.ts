import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import type { MappingFile } from '../../../../shared/operations/mappings/editor/mapping-file.ts';
import { read } from '../client.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { keepUnsaved, readUnsaved } from './unsaved.ts';

const lookAgainMs = 3_000;

/** A file that is being edited, beside the one on disk. */
export type EditedText = {
  text: string;
  /** What the text was made from. */
  base: MappingFile;
  isDirty: boolean;
  /** The file as someone else wrote it meanwhile; the text would overwrite that. */
  theirs: MappingFile | undefined;
  /** It was written before the page was left, and not saved. */
  isRestored: boolean;
  write(text: string): void;
  /** The file is known to be this now. */
  takeBase(file: MappingFile): void;
};

/**
 * @param start the text at the beginning, where it is another than the file's
 * @param show puts a text into the editor
 */
export function useText(opened: MappingFile, start: string | undefined, show: (text: string) => void): EditedText {
  const { name, api } = useEnvironment();
  const { kind, key } = opened;
  const slot = `signalbox-text ${name} ${kind}/${key}${start === undefined ? '' : ' new'}`;
  const [first] = useState(() => {
    const unsaved = readUnsaved(slot);
    if (unsaved === undefined || unsaved.text === opened.text) return { base: opened, text: start ?? opened.text };
    return { base: { ...opened, hash: unsaved.hash }, text: unsaved.text, isRestored: true };
  });
  const [base, setBase] = useState(first.base);
  const [text, write] = useState(first.text);
  const [isRestored, setRestored] = useState(first.isRestored === true);
  const isDirty = text !== base.text;
  const { data: onDisk = opened } = useQuery({
    queryKey: [name, 'mappings', 'file', kind, key],
    queryFn: () => read(api.mappings.file.$get({ query: { kind, key } })) as Promise<MappingFile>,
    refetchInterval: lookAgainMs,
    initialData: opened,
  });
  const takeBase = useCallback((file: MappingFile) => {
    setBase(file);
    setRestored(false);
  }, []);
  const isOther = onDisk.hash !== base.hash;
  useEffect(() => {
    if (!isOther) return;
    if (onDisk.text === text) takeBase(onDisk);
    else if (!isDirty) {
      takeBase(onDisk);
      show(onDisk.text);
    }
  }, [isOther, isDirty, onDisk, text, takeBase, show]);
  useEffect(() => {
    keepUnsaved(slot, isDirty ? { hash: base.hash, text } : undefined);
    if (!isDirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [slot, isDirty, base.hash, text]);
  return { text, base, isDirty, theirs: isOther && isDirty ? onDisk : undefined, isRestored, write, takeBase };
}
