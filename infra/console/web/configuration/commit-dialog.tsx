import type { Allowed } from '../../routes/configuration.ts';
import { read } from '../client.ts';
import { useToast } from '../parts/toast.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { type Done, type Planned, PlannedChange } from './planned-change.tsx';

type CommitDialogProps = {
  /** `draft`: what was pushed. `files`: all that is on disk, without a draft between. */
  of: 'draft' | 'files';
  /** Of the draft these alone: `source/stripe`. Absent: all of it. */
  only?: readonly `${'source' | 'workflow' | 'audience'}/${string}`[];
  /** What the message says at first. */
  message?: string;
  onClose(): void;
  onDone?(committed: Done): void;
};

/** Makes a draft or the files live: what changes, what stands against it, and what it is for. */
export function CommitDialog({ of, only, message = '', onClose, onDone }: CommitDialogProps) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const { commit, 'push-and-commit': files } = api.configuration;
  const chosen = only === undefined ? {} : { only: [...only] };
  const shared = {
    verb: 'Commit',
    from: 'Live',
    message,
    nothing: ({ version }: Planned) => `${name} has this content already: version ${version}.`,
    onDone(committed: Done) {
      toast(`${name} is at version ${committed.version}`);
      onDone?.(committed);
      onClose();
    },
    onClose,
  };
  if (of === 'draft')
    return (
      <PlannedChange
        {...shared}
        title={only === undefined ? `Commit the draft of ${name}` : `Commit ${only.join(', ')} in ${name}`}
        to="Draft"
        of={['draft', only ?? null]}
        plan={() => read(commit['dry-run'].$post({ json: chosen }))}
        change={({ allowed, ...asked }, confirmed) =>
          read(commit.$post({ json: { ...asked, allowed: allowed as Allowed, ...chosen } }, confirmed))
        }
      />
    );
  return (
    <PlannedChange
      {...shared}
      title={`Make the files live in ${name}`}
      to="Files"
      of={['files']}
      plan={() => read(files['dry-run'].$post({ json: {} }))}
      change={({ allowed, ...asked }, confirmed) =>
        read(files.$post({ json: { ...asked, allowed: allowed as Allowed } }, confirmed))
      }
    />
  );
}
