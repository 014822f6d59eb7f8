import { useState } from 'react';
import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { read } from '../client.ts';
import { Ago } from '../parts/time.tsx';
import { useToast } from '../parts/toast.tsx';
import { plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { ReasonField } from '../shell/reason.tsx';
import { CopyUrl, SourceUrl } from './url.tsx';

const dayMs = 86_400_000;

/** The URL of a source, and how it is replaced without a gap: a new one beside the old one, then the old one's end. */
export function UrlRotation({ row }: { row: SourceWithoutUrl }) {
  const { readOnly } = useEnvironment();
  const [asked, setAsked] = useState<'rotate' | 'retire'>();
  const { key, previous_url, url_rotated_at, url_generation } = row;
  const close = () => setAsked(undefined);
  return (
    <section className="part" aria-label="URL">
      <h2>URL</h2>
      <div className="line">
        <SourceUrl source={key} />
        <CopyUrl source={key} />
        {!readOnly && previous_url === null && (
          <button type="button" className="button" onClick={() => setAsked('rotate')}>
            Replace the URL…
          </button>
        )}
      </div>
      {url_rotated_at !== null && (
        <p className="quiet">
          Its URL was replaced {plural(url_generation - 1, 'time')}, the last time <Ago iso={url_rotated_at} />.
        </p>
      )}
      {previous_url !== null && (
        <div className="now warn" role="status">
          <strong>The old URL is still valid.</strong>{' '}
          {previous_url.last_used_at === null ? (
            'No event came by it since it was replaced.'
          ) : (
            <>
              An event last came by it <Ago iso={previous_url.last_used_at} />.
            </>
          )}
          <div>
            Paste the new one at the sender. When the old one has been quiet for a day, end it.
            {!readOnly && (
              <>
                {' '}
                <button type="button" className="button" onClick={() => setAsked('retire')}>
                  End the old URL…
                </button>
              </>
            )}
          </div>
        </div>
      )}
      {asked === 'rotate' && <RotateUrl source={key} onClose={close} />}
      {asked === 'retire' && <RetireUrl row={row} onClose={close} />}
    </section>
  );
}

type ChangeProps = { source: string; onClose(): void };

function RotateUrl({ source, onClose }: ChangeProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  const [message, setMessage] = useState('');
  return (
    <ChangeDialog
      title={`Replace the URL of ${source}`}
      verb="Make a new URL"
      change={(confirmed) =>
        read(
          api.source[':key']['rotate-url'].$post(
            { param: { key: source }, json: { ...(message !== '' && { message }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ version }) => {
        toast(`${source} has a new URL from version ${version}, within 30 s`);
        onClose();
      }}
    >
      <p>It gets a new URL, and the old one stays valid until you end it. So the sender can change without a gap.</p>
      <ReasonField value={message} onChange={setMessage} />
    </ChangeDialog>
  );
}

function RetireUrl({ row, onClose }: { row: SourceWithoutUrl; onClose(): void }) {
  const { api } = useEnvironment();
  const toast = useToast();
  const [message, setMessage] = useState('');
  const [isSure, setSure] = useState(false);
  const used = row.previous_url?.last_used_at ?? null;
  const quietSince = Math.max(Date.parse(used ?? row.url_rotated_at ?? '') || 0, 0);
  const isUsed = Date.now() - quietSince < dayMs;
  return (
    <ChangeDialog
      title={`End the old URL of ${row.key}`}
      verb="End it"
      danger
      disabled={isUsed && !isSure}
      change={(confirmed) =>
        read(
          api.source[':key']['retire-url'].$post(
            { param: { key: row.key }, json: { even_if_used: isSure, ...(message !== '' && { message }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ version }) => {
        toast(`the old URL of ${row.key} ends with version ${version}, within 30 s`);
        onClose();
      }}
    >
      <p>What a sender still posts to it is answered 404 then, and most senders drop such events for good.</p>
      {isUsed && (
        <label className="check">
          <input type="checkbox" checked={isSure} onChange={() => setSure(!isSure)} />
          {used === null ? (
            <span>
              It was replaced less than a day ago, so a sender that posts daily may still use it. End it all the same.
            </span>
          ) : (
            <span>
              An event came by it <Ago iso={used} />. End it all the same.
            </span>
          )}
        </label>
      )}
      <ReasonField value={message} onChange={setMessage} />
    </ChangeDialog>
  );
}
