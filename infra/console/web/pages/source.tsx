import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { SourceHoldRow } from '../../../../shared/operations/holds/source-hold.ts';
import type { AddedSuggestion } from '../../../../shared/operations/mappings/add-suggestion.ts';
import type { EventTypeRow } from '../../../../shared/operations/sources/source-row.ts';
import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { pathPart } from '../addresses.ts';
import { apiPath, read } from '../client.ts';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id } from '../parts/text.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch, usePathParam } from '../shell/go.tsx';
import { EventTypes } from '../sources/event-types.tsx';
import { SourceFacts } from '../sources/facts.tsx';
import { isReleaseLeft, PauseSource, ResumeSource, SourceHold } from '../sources/hold.tsx';
import { SourceLinks } from '../sources/links.tsx';
import { type MappingRow, Mappings } from '../sources/mappings.tsx';
import { Refusals } from '../sources/refusals.tsx';
import { UrlRotation } from '../sources/rotate.tsx';
import { SourceSecret } from '../sources/secret.tsx';
import { SendDialog, type Sent, SentNote } from '../sources/send.tsx';
import { SourceSettings } from '../sources/settings.tsx';
import { SourceState } from '../sources/state.tsx';
import { AddedMapping, SuggestMapping } from '../sources/suggest.tsx';
import { SwitchMapping, SwitchSource } from '../sources/switch.tsx';

type Answer = {
  source: SourceWithoutUrl;
  hold: SourceHoldRow | null;
  event_types: EventTypeRow[];
  mappings: MappingRow[];
  samples: string[];
};

type Asked = 'switch' | 'send' | 'pause' | 'resume' | { suggest: string } | { mapping: MappingRow };

const tabs = [
  ['events', 'Events and mappings'],
  ['access', 'URL, secret and links'],
  ['settings', 'Settings'],
] as const;

/** One source: what came and what is mapped; how its sender reaches it; what is set. */
export default function Source() {
  const key = usePathParam('key');
  const { name, api, readOnly } = useEnvironment();
  const [{ show = 'events' }, changeSearch] = usePageSearch();
  const [asked, setAsked] = useState<Asked>();
  const [sent, setSent] = useState<Sent>();
  const [added, setAdded] = useState<AddedSuggestion>();
  const { data, error } = useQuery({
    queryKey: [name, 'source', key],
    queryFn: () => read(api.source[':key'].$get({ param: { key } })) as Promise<Answer>,
    refetchInterval: ({ state }) => (state.error !== null || state.data?.hold?.release != null ? 2_000 : 10_000),
  });
  const close = () => setAsked(undefined);
  const row = data?.source;
  const isLive = row !== undefined && row.kind !== null;
  return (
    <Page
      title="Source"
      command={`sources show ${quoted(key)}`}
      json={`${apiPath(name)}/source/${pathPart(key)}`}
      aside={
        <>
          <Id>{key}</Id>
          {row !== undefined && <SourceState row={row} />}
          <span className="grow" />
          {isLive && data !== undefined && <Buttons row={row} data={data} onAsk={readOnly ? undefined : setAsked} />}
        </>
      }
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {sent !== undefined && <SentNote sent={sent} />}
      {added !== undefined && <AddedMapping source={key} added={added} onCommitted={() => setAdded(undefined)} />}
      {row !== undefined && !row.enabled && isLive && (
        <div className="now warn" role="status">
          It is off: its events are accepted and logged as rejected, and nothing runs.
        </div>
      )}
      {data !== undefined && row !== undefined && (
        <>
          <SourceHold source={row} hold={data.hold} />
          <SourceFacts row={row} />
          {isLive && (
            <div className="tabs" role="tablist">
              {tabs.map(([tab, title]) => (
                <button
                  key={tab}
                  type="button"
                  role="tab"
                  aria-selected={show === tab}
                  onClick={() => changeSearch({ show: tab === 'events' ? undefined : tab }, { replace: true })}
                >
                  {title}
                </button>
              ))}
            </div>
          )}
          {isLive && show === 'access' ? (
            <Access row={row} />
          ) : isLive && show === 'settings' ? (
            <SourceSettings source={key} />
          ) : (
            <>
              <EventTypes source={key} rows={data.event_types} onSuggest={(type) => setAsked({ suggest: type })} />
              <Mappings
                source={key}
                rows={data.mappings}
                onSwitch={readOnly ? undefined : (mapping) => setAsked({ mapping })}
              />
              <Refusals source={key} />
            </>
          )}
        </>
      )}
      {asked !== undefined && data !== undefined && (
        <Dialogs source={key} data={data} asked={asked} onSent={setSent} onAdded={setAdded} onClose={close} />
      )}
    </Page>
  );
}

type ButtonsProps = {
  row: SourceWithoutUrl;
  data: Answer;
  /** Absent: nothing may be changed. */
  onAsk: ((asked: Asked) => void) | undefined;
};

function Buttons({ row, data: { hold, samples }, onAsk }: ButtonsProps) {
  const button = (asked: Asked, text: string, className = 'button') =>
    onAsk !== undefined && (
      <button type="button" className={className} onClick={() => onAsk(asked)}>
        {text}
      </button>
    );
  const isReleasing = hold?.release != null;
  return (
    <>
      <Go to={['sources', row.key, 'setup']} className="button">
        Set-up
      </Go>
      {button('switch', row.enabled ? 'Disable…' : 'Enable…')}
      {row.paused === null && !isReleasing && button('pause', 'Pause…')}
      {isReleasing && !isReleaseLeft(hold) && button('pause', 'Stop the release…')}
      {(row.paused !== null || isReleaseLeft(hold)) && button('resume', 'Resume…')}
      {samples.length > 0 && button('send', 'Send a sample…', 'button primary')}
    </>
  );
}

function Access({ row }: { row: SourceWithoutUrl }) {
  return (
    <>
      <UrlRotation row={row} />
      <section className="part" aria-label="Secret">
        <h2>Secret</h2>
        <SourceSecret
          source={row.key}
          without={row.verification.enforcement === 'on' ? 'every request is answered 503' : undefined}
        />
      </section>
      <SourceLinks source={row.key} />
    </>
  );
}

type DialogsProps = {
  source: string;
  data: Answer;
  asked: Asked;
  onSent(sent: Sent): void;
  onAdded(added: AddedSuggestion): void;
  onClose(): void;
};

function Dialogs({ source, data, asked, onSent, onAdded, onClose }: DialogsProps) {
  const { lists } = useEnvironment();
  if (asked === 'switch') return <SwitchSource source={source} enabled={!data.source.enabled} onClose={onClose} />;
  if (asked === 'send') return <SendDialog source={source} types={data.samples} onClose={onClose} onSent={onSent} />;
  if (asked === 'pause') return <PauseSource source={source} onClose={onClose} />;
  if (asked === 'resume') return <ResumeSource source={source} hold={data.hold} onClose={onClose} />;
  if ('suggest' in asked)
    return (
      <SuggestMapping
        source={source}
        type={asked.suggest}
        actions={lists.actions}
        onAdded={onAdded}
        onClose={onClose}
      />
    );
  return <SwitchMapping source={source} mapping={asked.mapping.id} active={!asked.mapping.active} onClose={onClose} />;
}
