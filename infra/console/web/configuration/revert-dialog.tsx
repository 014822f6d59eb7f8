import type { Allowed } from '../../routes/configuration.ts';
import { read } from '../client.ts';
import { useToast } from '../parts/toast.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { PlannedChange } from './planned-change.tsx';

/** Takes a commit back by a new one. */
export function RevertDialog({ commit, onClose }: { commit: string; onClose(): void }) {
  const { name, api } = useEnvironment();
  const toast = useToast();
  const { revert } = api.configuration;
  return (
    <PlannedChange
      title={`Revert ${commit} in ${name}`}
      verb="Revert"
      from="Live"
      to="Afterwards"
      of={['revert', commit]}
      plan={() => read(revert['dry-run'].$post({ json: { commit } }))}
      change={({ allowed, ...asked }, confirmed) =>
        read(revert.$post({ json: { commit, ...asked, allowed: allowed as Allowed } }, confirmed))
      }
      about={() => (
        <p className="quiet">Files stay as they are. Pull afterwards: a commit of files that hold it brings it back.</p>
      )}
      nothing={() => 'Everything that it changed is as it was before it.'}
      onDone={({ version }) => {
        toast(`${name} is at version ${version}, without ${commit}`);
        onClose();
      }}
      onClose={onClose}
    />
  );
}
