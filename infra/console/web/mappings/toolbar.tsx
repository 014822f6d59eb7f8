import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { TriedMapping } from '../../../../shared/operations/mappings/editor/try-text.ts';
import { problemIn, read } from '../client.ts';
import { CommitDialog } from '../configuration/commit-dialog.tsx';
import { PromoteDialog } from '../configuration/promote-dialog.tsx';
import { Status } from '../parts/status.tsx';
import { useToast } from '../parts/toast.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { SwitchMapping } from '../sources/switch.tsx';
import type { Save } from './use-save.tsx';
import type { EditedText } from './use-text.ts';

type StateProps = { isDirty: boolean; isFileLive: boolean; mapping: TriedMapping | undefined };

/** Where the mapping stands: written, saved, live, switched off. */
export function MappingState({ isDirty, isFileLive, mapping }: StateProps) {
  const { live, active } = mapping ?? {};
  return (
    <>
      {isDirty && <Status tone="warn">not saved</Status>}
      {!isDirty && live === 'differs' && <Status tone="warn">saved, not live</Status>}
      {live === 'absent' && <Status tone="quiet">new</Status>}
      {!isDirty && live === 'same' && <Status tone="good">live</Status>}
      {!isDirty && live === 'same' && !isFileLive && <Status tone="warn">other changes of the file are not</Status>}
      {active === false && <Status tone="warn">switched off</Status>}
    </>
  );
}

type ActionsProps = {
  edited: EditedText;
  save: Save;
  focused: TriedMapping | undefined;
  /** Whether all of the file is live. */
  isFileLive: boolean;
  /** Workflows that go live with the text, since it starts them. */
  along: readonly string[];
  hasErrors: boolean;
  /** Puts a text into the editor. */
  show(text: string): void;
  onSaved(): void;
};

/** Save, commit, switch, and the two ways back. */
export function MappingActions({ edited, save, focused, isFileLive, along, hasErrors, show, onSaved }: ActionsProps) {
  const { name, api, readOnly, above } = useEnvironment();
  const toast = useToast();
  const [asked, setAsked] = useState<'commit' | 'switch' | 'promote'>();
  const { text, base, isDirty, theirs } = edited;
  const { kind, key } = base;
  const isLive = focused?.live === 'same';
  const isAllLive = isFileLive && along.length === 0;
  const { mutate: goBack } = useMutation({
    mutationFn: async ({ source, id }: TriedMapping) => {
      // A text with errors cannot be read; then the file is what it goes back from.
      const json = { file: { kind, key }, text: hasErrors ? base.text : text, source, id };
      return (await read(api.mappings['as-live']['dry-run'].$post({ json }))).text;
    },
    onSuccess: show,
    onError: (error) => toast(problemIn(error).title, 'bad'),
  });
  const close = () => setAsked(undefined);
  const isSaveable = !hasErrors && theirs === undefined && !save.isPending;
  return (
    <>
      {isDirty && (
        <button type="button" className="button" onClick={() => show(base.text)}>
          Back to the file
        </button>
      )}
      {focused !== undefined && !isLive && (
        <button type="button" className="button" onClick={() => goBack(focused)}>
          {focused.live === 'absent' ? 'Take it out' : 'Back to live'}
        </button>
      )}
      {!readOnly && (
        <>
          {focused?.active != null && (
            <button type="button" className="button" onClick={() => setAsked('switch')}>
              {focused.active ? 'Switch off…' : 'Switch on…'}
            </button>
          )}
          <button
            type="button"
            className={isDirty ? 'button primary' : 'button'}
            disabled={!isSaveable || (!isDirty && isAllLive)}
            title="Ctrl S"
            onClick={() => save.save(onSaved)}
          >
            Save
          </button>
          <button
            type="button"
            className={isDirty ? 'button' : 'button primary'}
            disabled={isDirty || isAllLive || !isSaveable || save.notPushed !== undefined}
            title={isDirty ? 'Save first' : undefined}
            onClick={() => setAsked('commit')}
          >
            Commit…
          </button>
          {above !== null && isLive && isAllLive && !isDirty && (
            <button type="button" className="button" onClick={() => setAsked('promote')}>
              Promote to {above}…
            </button>
          )}
        </>
      )}
      {save.dialog}
      {asked === 'switch' && focused?.active != null && (
        <SwitchMapping source={focused.source} mapping={focused.id} active={!focused.active} onClose={close} />
      )}
      {asked === 'promote' && above !== null && <PromoteDialog from={name} to={above} onClose={close} />}
      {asked === 'commit' && (
        <CommitDialog
          of="draft"
          only={[
            `${kind === 'sources' ? 'source' : 'workflow'}/${key}`,
            ...along.map((workflow) => `workflow/${workflow}` as const),
          ]}
          onClose={close}
        />
      )}
    </>
  );
}
