import { read } from '../client.ts';
import { useToast } from '../parts/toast.tsx';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';

type EndProps = { source: string; onClose(): void };

export function RetireSecret({ source, onClose }: EndProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  return (
    <ChangeDialog
      title={`End the older secret of ${source}`}
      verb="End it"
      danger
      change={(confirmed) => read(api.source[':key'].secret.retire.$post({ param: { key: source } }, confirmed))}
      onClose={onClose}
      onDone={() => {
        toast('The older secret ends within 5 minutes');
        onClose();
      }}
    >
      <p>What the sender still proves with it is refused then, and most senders drop refused events for good.</p>
    </ChangeDialog>
  );
}

export function RestoreSecret({ source, onClose }: EndProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  return (
    <ChangeDialog
      title={`Restore the secret of ${source}`}
      verb="Restore it"
      change={(confirmed) => read(api.source[':key'].secret.restore.$post({ param: { key: source } }, confirmed))}
      onClose={onClose}
      onDone={() => {
        toast('The secret is restored. Functions use it within 5 minutes');
        onClose();
      }}
    >
      <p>Its deletion is taken back, and it has the values that it had.</p>
    </ChangeDialog>
  );
}
