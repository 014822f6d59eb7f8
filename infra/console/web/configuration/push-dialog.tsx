import { useState } from 'react';
import type { DifferenceRow } from '../../../../shared/operations/configuration/history.ts';
import type { Allowed } from '../../routes/configuration.ts';
import { ProblemError, read } from '../client.ts';
import { useToast } from '../parts/toast.tsx';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Differences } from './differences.tsx';
import { type FileProblem, FileProblems, isAllowed, Objections, type ShownObjection } from './objections.tsx';

type PushDialogProps = {
  /** From the draft, or live without one, to the files. */
  changes: readonly DifferenceRow[];
  hasDraft: boolean;
  onClose(): void;
};

/** Saves the files as the draft; nothing of it is live. */
export function PushDialog({ changes, hasDraft, onClose }: PushDialogProps) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const [objections, setObjections] = useState<readonly ShownObjection[]>([]);
  const [problems, setProblems] = useState<readonly FileProblem[]>([]);
  const [allowed, setAllowed] = useState<ReadonlySet<string>>(new Set());
  return (
    <ChangeDialog
      title={`Save the files as the draft of ${name}`}
      verb="Save as draft"
      wide
      danger={allowed.size > 0}
      disabled={!isAllowed(objections, allowed)}
      change={async (confirmed) => {
        const result = await read(
          api.configuration.push.$post({ json: { allowed: [...allowed] as Allowed } }, confirmed),
        );
        if (result.kind === 'saved' || result.kind === 'nothing_to_save') return result;
        if (result.kind === 'refused') setObjections(result.objections);
        else setProblems(result.problems);
        throw new ProblemError({
          code: 'failed',
          title: 'Nothing was saved',
          lines: [],
          remedies: ['look at what stands against it, above'],
        });
      }}
      onClose={onClose}
      onDone={({ kind }) => {
        toast(
          kind === 'saved'
            ? `Saved as the draft of ${name}; nothing of it is live`
            : `${name} has this content already; there is no draft any more`,
        );
        onClose();
      }}
    >
      <p>A draft is shared by all who work in {name}. Nothing of it runs until it is committed.</p>
      <div className="planned">
        <Differences changes={changes} from={hasDraft ? 'Draft' : 'Live'} to="Files" />
      </div>
      <FileProblems problems={problems} />
      <Objections objections={objections} allowed={allowed} onAllow={setAllowed} />
    </ChangeDialog>
  );
}
