import { useState } from 'react';
import { read } from '../client.ts';
import { useToast } from '../parts/toast.tsx';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { ReasonField } from '../shell/reason.tsx';

type SwitchSourceProps = { source: string; enabled: boolean; onClose(): void };

/** Lets what the events of a source ask for run, or not. */
export function SwitchSource({ source, enabled, onClose }: SwitchSourceProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  const [message, setMessage] = useState('');
  const verb = enabled ? 'Enable' : 'Disable';
  return (
    <ChangeDialog
      title={`${verb} ${source}`}
      verb={verb}
      danger={!enabled}
      change={(confirmed) =>
        read(
          api.source[':key'].switch.$post(
            { param: { key: source }, json: { enabled, ...(message !== '' && { message }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ version }) => {
        toast(`${source} is ${enabled ? 'on' : 'off'} from version ${version}, within 30 s`);
        onClose();
      }}
    >
      <p>
        {enabled
          ? 'What its events ask for runs again. What came in meanwhile is logged as rejected, and can be replayed.'
          : 'Its events are accepted and logged as rejected; nothing runs. Later commits do not enable it.'}
      </p>
      <ReasonField value={message} onChange={setMessage} />
    </ChangeDialog>
  );
}

type SwitchMappingProps = { source: string; mapping: string; active: boolean; onClose(): void };

export function SwitchMapping({ source, mapping, active, onClose }: SwitchMappingProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  const [message, setMessage] = useState('');
  return (
    <ChangeDialog
      title={`Switch ${active ? 'on' : 'off'} mapping ${mapping}`}
      verb={active ? 'Switch on' : 'Switch off'}
      change={(confirmed) =>
        read(
          api.source[':key']['switch-mapping'].$post(
            { param: { key: source }, json: { mapping, active, ...(message !== '' && { message }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ version }) => {
        toast(`mapping ${mapping} is ${active ? 'on' : 'off'} from version ${version}, within 30 s`);
        onClose();
      }}
    >
      <p>
        {active
          ? 'It runs again for events that come from within 30 seconds on.'
          : 'Its events are logged as mapping inactive, unless another mapping runs for them.'}
      </p>
      <ReasonField value={message} onChange={setMessage} />
    </ChangeDialog>
  );
}
