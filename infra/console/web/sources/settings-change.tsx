import { useState } from 'react';
import type { SettingsRow } from '../../../../shared/operations/settings/source-settings.ts';
import { read } from '../client.ts';
import { useToast } from '../parts/toast.tsx';
import { plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { ReasonField } from '../shell/reason.tsx';

type Values = Record<
  | 'enforce'
  | 'partial'
  | 'destructive'
  | 'identify'
  | 'idempotency'
  | 'key_path'
  | 'window_hours'
  | 'retention_days'
  | 'log_shards',
  string
>;

const textOf = (value: boolean | string | number | undefined) => (value === undefined ? '' : String(value));

const valuesOf = ({ set }: SettingsRow): Values => ({
  enforce: textOf(set.verification.enforced),
  partial: set.verification.partial ?? 'accept',
  destructive: set.verification.destructive ?? 'verified',
  identify: textOf(set.identify),
  idempotency: textOf(set.idempotency.enabled),
  key_path: textOf(set.idempotency.path),
  window_hours: textOf(set.idempotency.window_hours),
  retention_days: textOf(set.retention_days),
  log_shards: textOf(set.log_shards),
});

/** Texts of the form as the route wants them: empty is the default. */
const readers = {
  enforce: (text: string) => (text === 'once_set' ? ('once_set' as const) : flag(text)),
  partial: (text: string) => text as 'accept' | 'refuse',
  destructive: (text: string) => text as 'verified' | 'any',
  identify: flag,
  idempotency: flag,
  key_path: (text: string) => (text === '' ? null : text),
  window_hours: number,
  retention_days: number,
  log_shards: number,
};

function flag(text: string): boolean | null {
  return text === '' ? null : text === 'true';
}

function number(text: string): number | null {
  return text === '' ? null : Number(text);
}

const onOff = (byDefault: boolean) =>
  [
    ['', `Default: ${byDefault ? 'on' : 'off'}`],
    ['true', 'On'],
    ['false', 'Off'],
  ] as const;

type ChangeProps = { source: string; settings: SettingsRow; onClose(): void };

/** Changes settings of a source in this environment: only those that differ from what is set. */
export function ChangeSettings({ source, settings, onClose }: ChangeProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  const before = valuesOf(settings);
  const [values, setValues] = useState(before);
  const [message, setMessage] = useState('');
  const { defaults } = settings;
  const changed = (Object.keys(before) as (keyof Values)[]).filter((name) => values[name].trim() !== before[name]);
  const isWrong = (['window_hours', 'retention_days', 'log_shards'] as const).some(
    // A text that is no number would be sent as null, which restores the default.
    (name) => !/^(\d+(\.\d+)?)?$/.test(values[name].trim()),
  );
  const take = (name: keyof Values) => (value: string) => setValues({ ...values, [name]: value });
  const enforcement = { on: 'on', off: 'off', once_set: 'as soon as a secret is set' }[defaults.enforcement];
  const turnsOn = changed.includes('enforce') && values.enforce === 'true';
  return (
    <ChangeDialog
      title={`Change settings of ${source}`}
      verb={changed.length === 0 ? 'Change settings' : `Change ${plural(changed.length, 'setting')}`}
      disabled={changed.length === 0 || isWrong}
      danger={turnsOn}
      change={(confirmed) =>
        read(
          api.source[':key'].settings.$post(
            {
              param: { key: source },
              json: {
                ...Object.fromEntries(changed.map((name) => [name, readers[name](values[name].trim())])),
                ...(message !== '' && { message }),
              },
            },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ version }) => {
        toast(`settings of ${source} are changed from version ${version}, within 30 s`);
        onClose();
      }}
    >
      <div className="form-grid">
        <Choice
          label="Verification is enforced"
          value={values.enforce}
          options={[
            ['', `Default: ${enforcement}`],
            ['true', 'On'],
            ['once_set', 'As soon as a secret is set'],
            ['false', 'Off'],
          ]}
          onChange={take('enforce')}
        />
        <Choice
          label="Batches signed in part"
          value={values.partial}
          options={[
            ['accept', 'Accepted'],
            ['refuse', 'Refused'],
          ]}
          onChange={take('partial')}
        />
        <Choice
          label="Actions that delete"
          value={values.destructive}
          options={[
            ['verified', 'For verified events'],
            ['any', 'For any event'],
          ]}
          onChange={take('destructive')}
        />
        <Choice
          label="Identify events"
          value={values.identify}
          options={onOff(defaults.identify)}
          onChange={take('identify')}
        />
        <Choice
          label="Copies run nothing"
          value={values.idempotency}
          options={onOff(defaults.idempotency.enabled)}
          onChange={take('idempotency')}
        />
        <Entry
          label="Copies are told by the path"
          value={values.key_path}
          hint={defaults.keyPath ?? 'none'}
          onChange={take('key_path')}
        />
        <Entry
          label="Copies count for, in hours"
          value={values.window_hours}
          hint={String(defaults.idempotency.windowHours)}
          onChange={take('window_hours')}
        />
        <Entry
          label="Rows are kept for, in days"
          value={values.retention_days}
          hint={String(defaults.retentionDays)}
          onChange={take('retention_days')}
        />
        <Entry
          label="Shards of the log"
          value={values.log_shards}
          hint={String(defaults.logShards)}
          onChange={take('log_shards')}
        />
      </div>
      {turnsOn && (
        <p className="warn">
          From within 30 seconds on, what fails the check is answered 401, and many senders drop such events for good.
        </p>
      )}
      <ReasonField value={message} onChange={setMessage} />
    </ChangeDialog>
  );
}

type FieldProps = { label: string; value: string; onChange(value: string): void };

function Choice({ label, value, options, onChange }: FieldProps & { options: readonly (readonly [string, string])[] }) {
  return (
    <label className="field">
      {label}
      <select className="filter" value={value} onChange={({ target }) => onChange(target.value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Entry({ label, value, hint, onChange }: FieldProps & { hint: string }) {
  return (
    <label className="field">
      {label}
      <input
        value={value}
        placeholder={`Default: ${hint}`}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => onChange(target.value)}
      />
    </label>
  );
}
