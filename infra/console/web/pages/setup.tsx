import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { StepPart } from '../../../../shared/operations/sources/setup-steps.ts';
import type { SourceSetup } from '../../../../shared/operations/sources/source-setup.ts';
import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { pathPart } from '../addresses.ts';
import { apiPath, read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Marked, Text } from '../parts/text.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePathParam } from '../shell/go.tsx';
import { Arrivals } from '../sources/arrivals.tsx';
import { proofOf } from '../sources/proof.ts';
import { SourceSecret } from '../sources/secret.tsx';
import { SendDialog, type Sent, SentNote } from '../sources/send.tsx';
import { CopyUrl, SourceUrl } from '../sources/url.tsx';

type Answer = { source: SourceWithoutUrl; samples: string[] };

/** How a source is set up at its vendor, beside what arrives of it. */
export default function Setup() {
  const key = usePathParam('key');
  const { name, api, local, readOnly } = useEnvironment();
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
  const isChecked =
    row !== undefined &&
    (row.verification.enforcement === 'on' ||
      (row.verification.enforcement === 'once_set' && row.verification.secrets !== 0));
  return (
    <Page
      title={guide === undefined ? 'Set a source up' : `Set up ${guide.title}`}
      command={`sources show ${quoted(key)}`}
      json={`${apiPath(name)}/source/${pathPart(key)}/setup`}
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
              <p className="quiet">
                {isChecked
                  ? `Give it to ${guide.sender} alone. A request to it also has to pass the check of the secret.`
                  : 'It is a credential: anyone who knows it can send events to this source.'}
                {local &&
                  ` It is on this machine: ${guide.sender} reaches it through a tunnel only. A sample needs none.`}
              </p>
              <div className="line">
                <SourceUrl source={key} />
                <CopyUrl source={key} />
              </div>
            </li>
            {guide.secret !== null && (
              <li id="secret">
                <h2>The secret</h2>
                <p className="quiet">
                  <Marked text={proofOf(guide)} />
                  {guide.secret.from === 'vendor' && row.verification.secrets === 0 && (
                    <>
                      {' '}
                      The secret is in <Marked text={guide.secret.where} />.
                    </>
                  )}
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
              <h2>At {guide.sender}</h2>
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
              {guide.sender === guide.title.replace(/ \(.*/, '') && (
                <p className="quiet">
                  {guide.sender}’s own page:{' '}
                  <a href={guide.docs} target="_blank" rel="noreferrer">
                    {guide.docs}
                  </a>
                </p>
              )}
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
    case 'block':
      return (
        <pre className="raw">
          <Text lines>{part.text}</Text>
        </pre>
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
