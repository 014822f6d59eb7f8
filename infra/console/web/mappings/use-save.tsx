import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { SavedText } from '../../../../shared/operations/mappings/editor/save-text.ts';
import type { Allowed } from '../../routes/configuration.ts';
import { read } from '../client.ts';
import type { FileProblem, ShownObjection } from '../configuration/objections.tsx';
import { Text } from '../parts/text.tsx';
import { useToast } from '../parts/toast.tsx';
import { plural } from '../parts/words.ts';
import { ChangeDialog, type Confirmed } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import type { EditedText } from './use-text.ts';

/** Why the file is written and the draft is not made of it. */
export type NotPushed =
  | { kind: 'failed'; error: unknown }
  | { kind: 'refused'; objections: ShownObjection[] }
  | { kind: 'files_with_errors'; problems: FileProblem[] };

export type Save = {
  /** @param then called once the file is written */
  save(then?: () => void): void;
  /** Makes the draft of what was saved, over these objections. */
  pushOver(allowed: ReadonlySet<string>): void;
  isPending: boolean;
  error: unknown;
  notPushed: NotPushed | undefined;
  /** Asks for the environment's name, where that is needed; once for as long as the page is open. */
  dialog: React.ReactNode;
};

type Asked = { confirmed: Confirmed | undefined; allowed?: string[] };

/**
 * Writes the file, and makes the draft of all files.
 * @param adds workflows that get a file with it, if the text starts them and they have none
 */
export function useSave({ text, base, takeBase }: EditedText, adds: readonly string[]): Save {
  const { name, api, local } = useEnvironment();
  const queries = useQueryClient();
  const toast = useToast();
  const [notPushed, setNotPushed] = useState<NotPushed>();
  const [asked, setAsked] = useState<{ then?: (() => void) | undefined }>();
  const known = useRef<Confirmed>(undefined);
  const { kind, key } = base;
  const fileKey = [name, 'mappings', 'file', kind, key];
  const { mutate, mutateAsync, isPending, error } = useMutation({
    mutationFn: async ({ confirmed, allowed = [] }: Asked) => {
      const json = { file: { kind, key }, text, adds: [...adds], seen: base.hash };
      const saved = (await read(api.mappings.save.$post({ json }, confirmed))) as SavedText;
      known.current = confirmed;
      // An answer that was asked for before the file was written would look like someone else's change.
      await queries.cancelQueries({ queryKey: fileKey });
      queries.setQueryData(fileKey, saved.kind === 'saved' ? { ...base, text, hash: saved.hash } : saved.now);
      if (saved.kind === 'changed_on_disk') return undefined;
      takeBase({ ...base, text, hash: saved.hash });
      // The file is written by now, so the page tells of that too.
      return read(api.configuration.push.$post({ json: { allowed: allowed as Allowed } }, confirmed)).catch(
        (error: unknown) => ({ kind: 'failed' as const, error }),
      );
    },
    onSuccess(pushed) {
      void queries.invalidateQueries({ queryKey: [name, 'mappings', 'tried'] });
      void queries.invalidateQueries({ queryKey: [name, 'configuration'] });
      setNotPushed(undefined);
      if (pushed === undefined) return;
      if (pushed.kind === 'refused' || pushed.kind === 'files_with_errors' || pushed.kind === 'failed')
        setNotPushed(pushed);
      else if (pushed.kind === 'nothing_to_save') toast(`Saved; ${name} has this content already`);
      else toast(`Saved, and in the draft of ${name}: ${plural(pushed.changes.length, 'change')}`);
    },
  });
  const thenIfSaved = (then?: () => void) => (pushed: object | undefined) => pushed !== undefined && then?.();
  return {
    save(then) {
      if (local || known.current !== undefined) mutate({ confirmed: known.current }, { onSuccess: thenIfSaved(then) });
      else setAsked({ then });
    },
    pushOver: (allowed) => mutate({ confirmed: known.current, allowed: [...allowed] }),
    isPending,
    error,
    notPushed,
    dialog: asked !== undefined && (
      <ChangeDialog
        title={`Save to the draft of ${name}`}
        verb="Save"
        change={(confirmed) => mutateAsync({ confirmed })}
        onClose={() => setAsked(undefined)}
        onDone={(pushed) => {
          setAsked(undefined);
          thenIfSaved(asked.then)(pushed);
        }}
      >
        <p>
          It writes <Text>{base.file}</Text> on this machine, and makes the draft of {name}. Nothing is live before it
          is committed.
        </p>
      </ChangeDialog>
    ),
  };
}
