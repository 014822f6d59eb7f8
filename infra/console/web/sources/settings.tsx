import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { FileSettings, SettingsRow } from '../../../../shared/operations/settings/source-settings.ts';
import { read } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { ChangeSettings } from './settings-change.tsx';

const onOff = (on: boolean) => (on ? 'on' : 'off');
const words = { on: 'on', off: 'off', once_set: 'on as soon as a secret is set' } as const;

type Line = { name: string; value: string; isSet: boolean; about: string };

function linesOf({ set, effective, defaults }: SettingsRow): Line[] {
  const { idempotency } = effective;
  return [
    {
      name: 'Verification is enforced',
      value: words[effective.enforcement],
      isSet: set.verification.enforced !== undefined,
      about: 'On: a request that fails the check is answered 401.',
    },
    {
      name: 'Batches signed in part',
      value: effective.refusesPartial ? 'refused' : 'accepted',
      isSet: set.verification.partial !== undefined,
      about: 'A batch whose signature covers only its first event: the rest is accepted as unverified, or refused.',
    },
    {
      name: 'Actions that delete',
      value: effective.deletesUnverified ? 'run for any event' : 'run for verified events',
      isSet: set.verification.destructive !== undefined,
      about: 'Whether they run for events whose check failed, or did not cover them.',
    },
    {
      name: 'Identify events',
      value: onOff(effective.identify),
      isSet: set.identify !== undefined,
      about: 'Off: they run nothing, and are logged as identify disabled.',
    },
    {
      name: 'Copies run nothing',
      value: onOff(idempotency.enabled),
      isSet: set.idempotency.enabled !== undefined,
      about: 'Off: every copy of an event runs.',
    },
    {
      name: 'Copies are told by',
      value: idempotency.path ?? defaults.keyPath ?? 'no key: the sender sends none',
      isSet: set.idempotency.path !== undefined,
      about: 'Where the idempotency key is.',
    },
    {
      name: 'Copies count for',
      value: `${idempotency.windowHours} h`,
      isSet: set.idempotency.window_hours !== undefined,
      about: 'An event with the same key within this time is a copy.',
    },
    {
      name: 'Rows are kept for',
      value: `${set.retention_days ?? defaults.retentionDays} days`,
      isSet: set.retention_days !== undefined,
      about: 'In the logs of events and actions. A change counts for rows that are written from then on.',
    },
    {
      name: 'Shards of the log',
      value: String(set.log_shards ?? defaults.logShards),
      isSet: set.log_shards !== undefined,
      about: 'Each takes some 1,000 events a second.',
    },
  ];
}

/** What holds for a source here, and may be changed at once; and what its file says, which a commit changes. */
export function SourceSettings({ source }: { source: string }) {
  const { name, api, readOnly } = useEnvironment();
  const [isAsked, setAsked] = useState(false);
  const { data, error } = useQuery({
    queryKey: [name, 'source', source, 'settings'],
    queryFn: () =>
      read(api.source[':key'].settings.$get({ param: { key: source } })) as Promise<SettingsRow & { path: string }>,
  });
  if (data === undefined) return error === null ? <Loading /> : <ProblemView error={error} />;
  return (
    <>
      <section className="part" aria-label="Settings here">
        <div className="line">
          <h2>Settings in {name}</h2>
          <span className="grow" />
          {!readOnly && (
            <button type="button" className="button" onClick={() => setAsked(true)}>
              Change settings…
            </button>
          )}
        </div>
        <p className="quiet">They take effect within 30 seconds, in {name} alone, and stay through later commits.</p>
        <table className="list">
          <tbody>
            {linesOf(data).map(({ name: what, value, isSet, about }) => (
              <tr key={what}>
                <th scope="row">{what}</th>
                <td>
                  <Text>{value}</Text> {!isSet && <span className="quiet">default</span>}
                </td>
                <td className="wide-only quiet">{about}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <FromFile path={data.path} file={data.file} />
      {isAsked && <ChangeSettings source={source} settings={data} onClose={() => setAsked(false)} />}
    </>
  );
}

const fileNames: Partial<Record<keyof FileSettings, string>> = {
  description: 'Description',
  expect: 'Expected: an alarm tells of silence and odd volumes',
  verification: 'How requests are checked',
  event_type_path: 'Where the event type is',
  idempotency_key_path: 'Where the idempotency key is',
  user_id_path: 'Where the user is',
  timestamp_path: 'Where the time is',
  preprocess: 'Computed values',
  headers: 'Kept request headers',
  redact: 'Fields that are never stored',
  destination: 'Calls of methods',
};

function FromFile({ path, file }: { path: string; file: FileSettings }) {
  const given = (Object.keys(fileNames) as (keyof FileSettings)[]).filter((field) => {
    const value = file[field];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
  return (
    <section className="part" aria-label="Settings of the file">
      <h2>From its file</h2>
      <p className="quiet">
        <code>
          <Text>{path}</Text>
        </code>{' '}
        says this. It changes with a commit, and is promoted with it.
      </p>
      {given.length === 0 ? (
        <p className="quiet">Nothing besides its mappings: the kind’s own rules hold.</p>
      ) : (
        <table className="list">
          <tbody>
            {given.map((field) => (
              <tr key={field}>
                <th scope="row">{fileNames[field]}</th>
                <td>
                  <code className="text">
                    {field}: <Text lines>{shown(file[field])}</Text>
                  </code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
