import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { KeyRow } from '../../../../shared/operations/keys/keys.ts';
import type { LinkRow } from '../../../../shared/operations/links/links.ts';
import { apiPath, read } from '../client.ts';
import { MadeOnce, MakeKey, MakeLink, Revoke } from '../keys/change.tsx';
import { UsedInHour } from '../keys/used.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Ago, Time } from '../parts/time.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch } from '../shell/go.tsx';

type Asked = { make: 'key' | 'link' } | { revoke: 'key' | 'link'; id: string; name: string };

/** Who may call the API, and who may look at a source from outside. */
export default function Keys() {
  const { name, readOnly } = useEnvironment();
  const [{ show = 'keys' }, change] = usePageSearch();
  const [asked, setAsked] = useState<Asked>();
  const [made, setMade] = useState<{ what: string; text: string }>();
  const close = () => setAsked(undefined);
  const isLinks = show === 'links';
  return (
    <Page
      title="Keys and links"
      command={isLinks ? 'sources links' : 'keys'}
      json={`${apiPath(name)}/${isLinks ? 'links' : 'keys'}`}
      aside={
        <>
          <span className="grow" />
          {!readOnly && (
            <button
              type="button"
              className="button primary"
              onClick={() => setAsked({ make: isLinks ? 'link' : 'key' })}
            >
              {isLinks ? 'Make a link…' : 'Make a key…'}
            </button>
          )}
        </>
      }
    >
      <div className="tabs" role="tablist">
        {(['keys', 'links'] as const).map((tab) => (
          <button
            key={tab}
            type="button"
            role="tab"
            aria-selected={show === tab}
            onClick={() => {
              setMade(undefined);
              change({ show: tab === 'keys' ? undefined : tab }, { replace: true });
            }}
          >
            {{ keys: 'Keys of the API', links: 'Links for senders' }[tab]}
          </button>
        ))}
      </div>
      {made !== undefined && <MadeOnce {...made} onClose={() => setMade(undefined)} />}
      {isLinks ? (
        <LinkList onRevoke={readOnly ? undefined : (id, of) => setAsked({ revoke: 'link', id, name: `of ${of}` })} />
      ) : (
        <KeyList onRevoke={readOnly ? undefined : (id, named) => setAsked({ revoke: 'key', id, name: named })} />
      )}
      {asked !== undefined && 'revoke' in asked && (
        <Revoke what={asked.revoke} id={asked.id} name={asked.name} onClose={close} />
      )}
      {asked !== undefined && 'make' in asked && asked.make === 'key' && (
        <MakeKey onClose={close} onMade={(text) => setMade({ what: 'key', text })} />
      )}
      {asked !== undefined && 'make' in asked && asked.make === 'link' && (
        <MakeLink onClose={close} onMade={(text) => setMade({ what: 'link', text })} />
      )}
    </Page>
  );
}

type ListProps = { onRevoke: ((id: string, name: string) => void) | undefined };

function KeyList({ onRevoke }: ListProps) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'keys'],
    queryFn: () => read(api.keys.$get()) as Promise<KeyRow[]>,
  });
  if (data === undefined) return error === null ? <Loading /> : <ProblemView error={error} />;
  if (data.length === 0)
    return (
      <Empty title="No keys yet">
        <p className="quiet">A program that calls the API sends one with each request. Make one for each program.</p>
        <code className="command">npx signalbox keys create census</code>
      </Empty>
    );
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col" className="wide-only">
            Id
          </th>
          <th scope="col" className="wide-only">
            Kind
          </th>
          <th scope="col" className="wide-only">
            Made
          </th>
          <th scope="col">Last used</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {data.map((key) => (
          <tr key={key.id}>
            <td>
              <Text>{key.name}</Text>
            </td>
            <td className="wide-only whole">
              <Id>{key.id}</Id>
            </td>
            <td className="wide-only whole">{key.kind}</td>
            <td className="wide-only">
              <Ago iso={key.created_at} /> by <Text>{key.created_by}</Text>
            </td>
            <td>
              {key.last_used_at === null ? <span className="quiet">never</span> : <UsedInHour iso={key.last_used_at} />}
            </td>
            <td>
              {key.revoked_at === null ? (
                <>
                  <Status tone="good">works</Status>
                  {onRevoke !== undefined && (
                    <button type="button" className="plain" onClick={() => onRevoke(key.id, key.name)}>
                      Revoke…
                    </button>
                  )}
                </>
              ) : (
                <>
                  <Status>revoked</Status> <Ago iso={key.revoked_at} /> by <Text>{key.revoked_by ?? ''}</Text>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function LinkList({ onRevoke }: ListProps) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'links'],
    queryFn: () => read(api.links.$get({ query: {} })) as Promise<LinkRow[]>,
  });
  if (data === undefined) return error === null ? <Loading /> : <ProblemView error={error} />;
  if (data.length === 0)
    return (
      <Empty title="No links yet">
        <p className="quiet">A link shows the person at the sender, who has no account here, whether events arrive.</p>
        <code className="command">npx signalbox sources link KEY</code>
      </Empty>
    );
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">Source</th>
          <th scope="col" className="wide-only">
            Id
          </th>
          <th scope="col" className="wide-only">
            Shows
          </th>
          <th scope="col" className="wide-only">
            Made
          </th>
          <th scope="col">Last used</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {data.map((link) => (
          <tr key={link.id}>
            <td>
              <Go to={['sources', link.source]}>
                <Text>{link.source}</Text>
              </Go>
            </td>
            <td className="wide-only whole">
              <Id>{link.id}</Id>
            </td>
            <td className="wide-only">
              counts{link.payloads && ', payloads'}
              {link.shows_url && ', URL'}
            </td>
            <td className="wide-only">
              <Ago iso={link.created_at} /> by <Text>{link.created_by}</Text>
            </td>
            <td>
              {link.last_used_at === null ? (
                <span className="quiet">never</span>
              ) : (
                <UsedInHour iso={link.last_used_at} />
              )}
            </td>
            <td>
              {link.state === 'works' ? (
                <>
                  <Status tone="good">works</Status> until <Time iso={link.expires_at} />
                  {onRevoke !== undefined && (
                    <button type="button" className="plain" onClick={() => onRevoke(link.id, link.source)}>
                      Revoke…
                    </button>
                  )}
                </>
              ) : link.state === 'revoked' && link.revoked_at !== null ? (
                <>
                  <Status>revoked</Status> <Ago iso={link.revoked_at} /> by <Text>{link.revoked_by ?? ''}</Text>
                </>
              ) : (
                <>
                  <Status>ended</Status> <Ago iso={link.expires_at} />
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
