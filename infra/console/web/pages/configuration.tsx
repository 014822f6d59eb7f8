import { useState } from 'react';
import { pathPart } from '../addresses.ts';
import { apiPath } from '../client.ts';
import { CommitDialog } from '../configuration/commit-dialog.tsx';
import { Log } from '../configuration/log.tsx';
import { MatrixView } from '../configuration/matrix.tsx';
import { Now } from '../configuration/now.tsx';
import { PromoteDialog } from '../configuration/promote-dialog.tsx';
import { PullDialog } from '../configuration/pull-dialog.tsx';
import { PushDialog } from '../configuration/push-dialog.tsx';
import { RevertDialog } from '../configuration/revert-dialog.tsx';
import { type Configuration, useConfiguration } from '../configuration/use-configuration.ts';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { type Search, usePageSearch } from '../shell/go.tsx';
import { useSession } from '../shell/session.tsx';

type Asked =
  | { what: 'push' | 'commit' | 'commit-files' | 'pull' }
  | { what: 'promote'; from: string; to: string; only?: string }
  | { what: 'revert'; commit: string };

const tabs = { now: 'This environment', matrix: 'All environments', log: 'Changes' } as const;
type Tab = keyof typeof tabs;

/** The configuration: files, draft and live content, all environments side by side, and what was changed. */
export default function ConfigurationPage() {
  const { name, readOnly } = useEnvironment();
  const { environments } = useSession();
  const [search, change] = usePageSearch();
  const [asked, setAsked] = useState<Asked>();
  const { data, error } = useConfiguration();
  const show: Tab = search.show === 'matrix' || search.show === 'log' ? search.show : 'now';
  const above = data?.above != null && environments.includes(data.above) ? data.above : undefined;
  const below = data?.below != null && environments.includes(data.below) ? data.below : undefined;
  const close = () => setAsked(undefined);
  const ask = readOnly ? undefined : setAsked;
  return (
    <Page
      title="Configuration"
      fills={show === 'log'}
      {...elsewhere(show, search, name, data)}
      aside={
        <>
          <span className="grow" />
          <span className="buttons">
            {ask && data?.live != null && data.files !== null && (
              <button type="button" className="button" onClick={() => ask({ what: 'pull' })}>
                Pull into files…
              </button>
            )}
            {ask && below !== undefined && (
              <button type="button" className="button" onClick={() => ask({ what: 'promote', from: below, to: name })}>
                Promote from {below}…
              </button>
            )}
            {ask && above !== undefined && (
              <button type="button" className="button" onClick={() => ask({ what: 'promote', from: name, to: above })}>
                Promote to {above}…
              </button>
            )}
          </span>
        </>
      }
    >
      <div className="tabs" role="tablist">
        {(Object.keys(tabs) as Tab[]).map((tab) => (
          <button
            key={tab}
            type="button"
            role="tab"
            aria-selected={show === tab}
            onClick={() => change({ ...cleared, show: tab === 'now' ? undefined : tab })}
          >
            {tabs[tab]}
          </button>
        ))}
      </div>
      {show === 'now' &&
        (data === undefined ? (
          error === null ? (
            <Loading />
          ) : (
            <ProblemView error={error} />
          )
        ) : (
          <Now state={data} onAsk={ask && ((what) => ask({ what }))} />
        ))}
      {show === 'matrix' && <MatrixView onPromote={ask && ((from, to) => ask({ what: 'promote', from, to }))} />}
      {show === 'log' && (
        <Log
          resources={data?.resources ?? []}
          onRevert={
            ask &&
            ((commit) => {
              change({ commit: undefined }, { replace: true });
              ask({ what: 'revert', commit });
            })
          }
          onPromote={
            ask && above !== undefined ? (only) => ask({ what: 'promote', from: name, to: above, only }) : undefined
          }
        />
      )}
      {asked?.what === 'push' && data?.files != null && (
        <PushDialog changes={data.files.unsaved} hasDraft={data.draft !== null} onClose={close} />
      )}
      {asked?.what === 'commit' && <CommitDialog of="draft" onClose={close} />}
      {asked?.what === 'commit-files' && <CommitDialog of="files" onClose={close} />}
      {asked?.what === 'pull' && data !== undefined && <PullDialog files={data.files} onClose={close} />}
      {asked?.what === 'revert' && <RevertDialog commit={asked.commit} onClose={close} />}
      {asked?.what === 'promote' && <PromoteDialog {...asked} onClose={close} />}
    </Page>
  );
}

/** What belongs to one tab alone. */
const cleared = {
  commit: undefined,
  kind: undefined,
  resource: undefined,
  from: undefined,
  to: undefined,
  differing: undefined,
};

/** How to see the same elsewhere. */
function elsewhere(show: Tab, { kind, resource, commit }: Search, name: string, data: Configuration | undefined) {
  const json = `${apiPath(name)}/configuration`;
  if (show === 'now') return { command: 'config diff', json };
  if (show === 'matrix') {
    const { above, below } = data ?? {};
    if (above != null) return { command: `config diff --from ${quoted(above)} --to live`, json: `${json}/matrix` };
    if (below != null) return { command: `config diff --from live --to ${quoted(below)}`, json: `${json}/matrix` };
    return { command: 'config diff', json: `${json}/matrix` };
  }
  if (commit !== undefined)
    return { command: `config show ${quoted(commit)}`, json: `${json}/log/${pathPart(commit)}` };
  const filters = [
    ...(kind === undefined ? [] : ['--kind', quoted(kind)]),
    ...(resource === undefined ? [] : ['--resource', quoted(resource)]),
  ];
  return { command: ['config log', ...filters].join(' '), json: `${json}/log` };
}
