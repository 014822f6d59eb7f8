import { useState } from 'react';
import { read } from '../client.ts';
import { Id, Text, visible } from '../parts/text.tsx';
import { plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';

export type Sent = {
  sent: number;
  accepted: number;
  refused: { status: number; problem: string; count: number }[];
  ids: string[];
};

const modes = [
  ['once', 'As the sender would', 'signed with the secret of the source'],
  ['duplicate', 'Every event twice', 'as a sender that retries: the copy runs nothing'],
  ['tampered', 'Changed on the way', 'the signature does not fit'],
  ['stale', 'Signed too long ago', 'a recording that is sent again'],
  ['unsigned', 'Without a signature', 'as a stranger who knows the URL'],
] as const;
type Mode = (typeof modes)[number][0];

type SendProps = { source: string; types: string[]; onSent(sent: Sent): void; onClose(): void };

/** Posts a sample to the ingest URL: a true one, a copy, or a forged one. */
export function SendDialog({ source, types, onSent, onClose }: SendProps) {
  const { api } = useEnvironment();
  const [mode, setMode] = useState<Mode>('once');
  const [type, setType] = useState('');
  return (
    <ChangeDialog
      title={`Send a sample to ${source}`}
      verb="Send"
      change={(confirmed) =>
        read(
          api.source[':key'].send.$post(
            { param: { key: source }, json: { mode, ...(type !== '' && { type }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={(sent) => {
        onSent(sent);
        onClose();
      }}
    >
      <div className="field">
        <label htmlFor="sample-type">What</label>
        <select id="sample-type" className="filter" value={type} onChange={({ target }) => setType(target.value)}>
          <option value="">a new user, and what they do</option>
          {[...new Set(types)].map((one) => (
            <option key={one} value={one}>
              {visible(one)}
            </option>
          ))}
        </select>
      </div>
      <fieldset className="choice-list">
        {modes.map(([value, title, about]) => (
          <label key={value}>
            <input type="radio" name="mode" checked={mode === value} onChange={() => setMode(value)} />
            <span>
              {title} <span className="quiet">{about}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <p className="quiet">What its mappings ask for runs, as for an event of the sender.</p>
    </ChangeDialog>
  );
}

/** What the ingest URL answered. */
export function SentNote({ sent: { sent, accepted, refused, ids } }: { sent: Sent }) {
  return (
    <div className={`now ${refused.length === 0 ? 'good' : 'warn'}`} role="status">
      {accepted} of {plural(sent, 'request')} accepted.
      {ids.length > 0 && (
        <>
          {' '}
          See what became of it:{' '}
          {ids.map((id) => (
            <Go key={id} to={['events', id]} className="sent-id">
              <Id>{id}</Id>
            </Go>
          ))}
        </>
      )}
      {refused.map(({ status, problem, count: number }) => (
        <div key={`${status} ${problem}`}>
          {plural(number, 'request was', 'requests were')} answered {status}: <Text>{problem}</Text>
        </div>
      ))}
    </div>
  );
}
