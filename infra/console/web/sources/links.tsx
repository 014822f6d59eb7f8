import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { LinkRow } from '../../../../shared/operations/links/links.ts';
import { read } from '../client.ts';
import { MadeOnce, MakeLink, Revoke } from '../keys/change.tsx';
import { UsedInHour } from '../keys/used.tsx';
import { ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { Ago, Time } from '../parts/time.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';

/** Read-only links to this source for the person at its sender: which work, and a new one. */
export function SourceLinks({ source }: { source: string }) {
  const { name, api, readOnly } = useEnvironment();
  const [asked, setAsked] = useState<'make' | { revoke: string }>();
  const [made, setMade] = useState<string>();
  const { data, error } = useQuery({
    queryKey: [name, 'links', source],
    queryFn: () => read(api.links.$get({ query: { source } })) as Promise<LinkRow[]>,
  });
  const close = () => setAsked(undefined);
  const working = data?.filter(({ state }) => state === 'works') ?? [];
  const ended = (data?.length ?? 0) - working.length;
  return (
    <section className="part" aria-label="Links for the sender">
      <h2>Links for the person at the sender</h2>
      <p className="quiet">
        A link shows them, without an account, whether their events arrive, what was refused, and what to change.
      </p>
      {error !== null && data === undefined && <ProblemView error={error} />}
      {made !== undefined && <MadeOnce what="link" text={made} onClose={() => setMade(undefined)} />}
      {working.length > 0 && (
        <ul className="plain-list">
          {working.map((link) => (
            <li key={link.id} className="line">
              <span>
                Works until <Time iso={link.expires_at} />, made <Ago iso={link.created_at} /> by{' '}
                <Text>{link.created_by}</Text>,{' '}
                {link.last_used_at === null ? (
                  'never used'
                ) : (
                  <>
                    last used <UsedInHour iso={link.last_used_at} />
                  </>
                )}
                {link.payloads && '; it shows payloads'}
              </span>
              {!readOnly && (
                <button type="button" className="plain" onClick={() => setAsked({ revoke: link.id })}>
                  Revoke…
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      <div className="line">
        {!readOnly && (
          <button type="button" className="button" onClick={() => setAsked('make')}>
            Make a link…
          </button>
        )}
        {ended > 0 && (
          <Go to={['keys']} search={{ show: 'links' }}>
            {ended} that ended
          </Go>
        )}
      </div>
      {asked === 'make' && <MakeLink of={source} onMade={setMade} onClose={close} />}
      {typeof asked === 'object' && <Revoke what="link" id={asked.revoke} name={`of ${source}`} onClose={close} />}
    </section>
  );
}
