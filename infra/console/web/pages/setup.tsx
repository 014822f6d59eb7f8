import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { StepPart } from '../../../../shared/operations/sources/setup-steps.ts';
import type { SourceSetup } from '../../../../shared/operations/sources/source-setup.ts';
import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { apiPath, read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Text } from '../parts/text.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePathParam } from '../shell/go.tsx';
import { Arrivals } from '../sources/arrivals.tsx';
import { SourceSecret } from '../sources/secret.tsx';
import { SendDialog, type Sent, SentNote } from '../sources/send.tsx';
import { CopyUrl, SourceUrl } from '../sources/url.tsx';

type Answer = { source: SourceWithoutUrl; samples: string[] };

/** How a source is set up at its vendor, beside what arrives of it. */
export default function Setup() {
  const key = usePathParam('key');
  const { name, api, readOnly } = useEnvironment();
  const [isSending, setSending] = useState(false);
  const [sent, setSent] = useState<Sent>();
  const setup = useQuery({
    queryKey: [name, 'source', key, 'setup'],
    queryFn: () => read(api.source[':key'].setup.$get({ param: { key } })) as Promise<SourceSetup>,
  });
  const source = useQuery({
    queryKey: [name, 'source', key],
    queryFn: () => read(api.source[':key'].$get({ param: { key } })) as Promise<Answer>,
  });
  const guide = setup.data;
  const row = source.data?.source;
  const error = setup.error ?? source.error;
  // Without its secret every request is answered 503, and a sample too.
  const isLacking = row !== undefined && row.verification.enforcement === 'on' && row.verification.secrets === 0;
  return (
    <Page
      title={guide === undefined ? 'Set a source up' : `Set up ${guide.title}`}
      command={`sources show ${quoted(key)}`}
      json={`${apiPath(name)}/source/${encodeURIComponent(key)}/setup`}
      aside={
        <>
          <Id>{key}</Id>
          <span className="grow" />
          <Go to={['sources', key]} className="button">
            The source
          </Go>
        </>
      }
    >
      {guide === undefined || row === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ProblemView error={error} />
        )
      ) : (
        <div className="setup">
          <ol className="setup-steps">
            <li>
              <h2>The URL</h2>
              <p className="quiet">It is a credential: knowing it is enough to send events to this source alone.</p>
              <div className="line">
                <SourceUrl source={key} />
                <CopyUrl source={key} />
              </div>
            </li>
            {guide.secret !== null && (
              <li id="secret">
                <h2>The secret</h2>
                <p className="quiet">
                  <Marked text={`${sentence(guide.instruction)} ${enforcements[guide.enforcement]}`} />
                </p>
                <SourceSecret
                  source={key}
                  where={guide.secret.where}
                  without={
                    isLacking ? 'until then every request is answered 503, which most senders try again' : undefined
                  }
                />
              </li>
            )}
            <li>
              <h2>At {guide.title}</h2>
              <ol className="vendor-steps">
                {guide.steps.map((step, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: steps never change their places
                  <li key={i}>
                    <Step parts={step} source={key} />
                  </li>
                ))}
              </ol>
              {guide.templates.map(({ title, text }, i) => (
                <div key={title}>
                  <p>
                    Template {i + 1}. {title} <Copy text={text} what={`template ${i + 1}`} />
                  </p>
                  <pre className="raw">{text}</pre>
                </div>
              ))}
              <p className="quiet">
                {guide.title}’s own page: <code className="text">{guide.docs}</code>
              </p>
            </li>
          </ol>
          <div className="setup-side">
            <Arrivals
              source={key}
              lastEventAt={row.last_event_at}
              send={
                !readOnly &&
                (source.data?.samples.length ?? 0) > 0 && (
                  <>
                    <button
                      type="button"
                      className="button primary"
                      disabled={isLacking}
                      onClick={() => setSending(true)}
                    >
                      Send a sample…
                    </button>
                    {isLacking && <span className="warn">Set the secret first: a sample is signed with it.</span>}
                  </>
                )
              }
            />
            {sent !== undefined && sent.refused.length > 0 && <SentNote sent={sent} />}
          </div>
          <section className="setup-notes" aria-label="Good to know">
            <h2>Good to know</h2>
            <ul className="plain-list">
              {[guide.behaviour.retries, guide.behaviour.drops, ...guide.pitfalls].map((text) => (
                <li key={text}>
                  <Marked text={text} />
                </li>
              ))}
            </ul>
          </section>
        </div>
      )}
      {isSending && source.data !== undefined && (
        <SendDialog source={key} types={source.data.samples} onClose={() => setSending(false)} onSent={setSent} />
      )}
    </Page>
  );
}

const enforcements = {
  on: 'A request that is not proved is answered 401.',
  off: 'Requests are accepted without it, until the check is switched on in the settings of the source.',
  once_set: 'As soon as it is set, a request without it is answered 401.',
} as const;

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Text of a guide: what stands between backquotes is code. */
function Marked({ text }: { text: string }) {
  return text.split('`').map((part, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts never change their places
    i % 2 === 1 ? <code key={i}>{part}</code> : <span key={i}>{part}</span>,
  );
}

function Step({ parts, source }: { parts: StepPart[]; source: string }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: parts never change their places
  return parts.map((part, i) => <Part key={i} part={part} source={source} />);
}

function Part({ part, source }: { part: StepPart; source: string }) {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'code':
      return (
        <code>
          <Text>{part.text}</Text>
        </code>
      );
    case 'url':
      return <strong>the URL above</strong>;
    case 'place':
      if (part.place === 'secret') return <a href="#secret">the form above</a>;
      return (
        <Go to={['sources', source]} search={{ show: 'settings' }}>
          the settings of this source
        </Go>
      );
  }
}
