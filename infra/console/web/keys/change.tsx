import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { Text } from '../parts/text.tsx';
import { useToast } from '../parts/toast.tsx';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';

type MakeProps = { onMade(text: string): void; onClose(): void };

/** What was just made: it is nowhere else, and is gone with the page. */
export function MadeOnce({ what, text, onClose }: { what: string; text: string; onClose(): void }) {
  return (
    <div className="now good" role="status">
      <strong>This is the only time that the {what} is shown.</strong> It is a credential: every person who has it can
      use it.
      <div className="made">
        <code className="text">{text}</code> <Copy text={text} what={`the ${what}`} />{' '}
        <button type="button" className="plain" onClick={onClose}>
          Hide
        </button>
      </div>
    </div>
  );
}

export function MakeKey({ onMade, onClose }: MakeProps) {
  const { api } = useEnvironment();
  const [named, setNamed] = useState('');
  const [isPublic, setPublic] = useState(false);
  return (
    <ChangeDialog
      title="Make a key of the API"
      verb="Make the key"
      disabled={named.trim() === ''}
      change={(confirmed) =>
        read(api.keys.$post({ json: { name: named, kind: isPublic ? 'public' : 'secret' } }, confirmed))
      }
      onClose={onClose}
      onDone={({ key }) => {
        onMade(key);
        onClose();
      }}
    >
      <div className="field">
        <label htmlFor="key-name">What will use it, such as census or checkout</label>
        <input
          id="key-name"
          value={named}
          maxLength={100}
          autoComplete="off"
          onChange={({ target }) => setNamed(target.value)}
        />
      </div>
      <label className="check">
        <input type="checkbox" checked={isPublic} onChange={() => setPublic(!isPublic)} />A public key, for browsers: no
        server call accepts it
      </label>
    </ChangeDialog>
  );
}

/** @param of the source of the link; absent: the person chooses one */
export function MakeLink({ of, onMade, onClose }: MakeProps & { of?: string }) {
  const { name, api } = useEnvironment();
  const [source, setSource] = useState(of ?? '');
  const [days, setDays] = useState('7');
  const [payloads, setPayloads] = useState(false);
  const [showsUrl, setShowsUrl] = useState(true);
  const { data: sources = [] } = useQuery({
    queryKey: [name, 'sources', 'keys'],
    enabled: of === undefined,
    queryFn: () => read(api.sources.keys.$get()),
  });
  const chosen = source === '' ? (sources[0] ?? '') : source;
  return (
    <ChangeDialog
      title={of === undefined ? 'Make a link for the person at a sender' : `Make a link for the sender of ${of}`}
      verb="Make the link"
      disabled={chosen === '' || !/^\d+$/.test(days) || Number(days) < 1}
      change={(confirmed) =>
        read(
          api.links.$post({ json: { source: chosen, days: Number(days), payloads, shows_url: showsUrl } }, confirmed),
        )
      }
      onClose={onClose}
      onDone={({ link }) => {
        onMade(link);
        onClose();
      }}
    >
      {of === undefined && (
        <div className="field">
          <label htmlFor="link-source">Source</label>
          <select id="link-source" className="filter" value={chosen} onChange={({ target }) => setSource(target.value)}>
            {sources.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </div>
      )}
      <div className="field">
        <label htmlFor="link-days">How many days it works, at most 90</label>
        <input id="link-days" inputMode="numeric" value={days} onChange={({ target }) => setDays(target.value)} />
      </div>
      <label className="check">
        <input type="checkbox" checked={payloads} onChange={() => setPayloads(!payloads)} />
        The page also shows what events hold
      </label>
      <label className="check">
        <input type="checkbox" checked={showsUrl} onChange={() => setShowsUrl(!showsUrl)} />
        The page shows the ingest URL, with which events can be sent
      </label>
    </ChangeDialog>
  );
}

/** Ends a key or a link. */
export function Revoke({
  what,
  id,
  name,
  onClose,
}: {
  what: 'key' | 'link';
  id: string;
  name: string;
  onClose(): void;
}) {
  const { api } = useEnvironment();
  const toast = useToast();
  return (
    <ChangeDialog
      title={`Revoke the ${what} ${name}`}
      verb={`Revoke the ${what}`}
      danger
      change={async (confirmed) => {
        if (what === 'key') await read(api.keys[':id'].revoke.$post({ param: { id } }, confirmed));
        else await read(api.links[':id'].revoke.$post({ param: { id } }, confirmed));
      }}
      onClose={onClose}
      onDone={() => {
        toast(`the ${what} ${name} opens nothing any more`);
        onClose();
      }}
    >
      <p>
        Its next use is refused, and it cannot be brought back. Its id is <Text>{id}</Text>.
      </p>
    </ChangeDialog>
  );
}
