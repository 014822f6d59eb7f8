import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { EventNode } from '../../../../shared/operations/mappings/editor/event-tree.ts';
import type { MappingFile } from '../../../../shared/operations/mappings/editor/mapping-file.ts';
import { read } from '../client.ts';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Id, Text } from '../parts/text.tsx';
import { useToast } from '../parts/toast.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { useGo, usePageSearch, usePathParam } from '../shell/go.tsx';
import { Comparison } from './comparison.tsx';
import type { JsonSchema, Words } from './completions.ts';
import type { EditorHandle } from './editor.tsx';
import { EventChoice, type EventRow } from './event-choice.tsx';
import { EventTree } from './event-tree.tsx';
import { ChangedOnDisk, DraftNote, Problems } from './notes.tsx';
import { Result } from './result.tsx';
import { MappingActions, MappingState } from './toolbar.tsx';
import { useSave } from './use-save.tsx';
import { useText } from './use-text.ts';
import { useCompared, useTried } from './use-tried.ts';

/** What the editor begins with. `text`, `notes` and workflows that it `adds`: of a mapping that is new. */
export type Opened = {
  file: MappingFile;
  id: string;
  event: string;
  text?: string;
  notes?: string[];
  adds?: string[];
};

const addsNothing: readonly string[] = [];

const Editor = lazy(() => import('./editor.tsx'));

const tabs = { event: 'Event', yaml: 'YAML', result: 'Result', last: 'Last events' } as const;
type Tab = keyof typeof tabs;

/** The mapping that the cursor is in. */
type Focus = { source: string; id: string; event: string };

type WorkspaceProps = { opened: Opened; source: string; chosenEvent: string | undefined };

/** A real event on the left, the file in the middle, what becomes of the event on the right. */
export function Workspace({ opened, source, chosenEvent }: WorkspaceProps) {
  const { name, api, readOnly } = useEnvironment();
  const [, change] = usePageSearch();
  const go = useGo();
  const address = usePathParam('id');
  const toast = useToast();
  const editor = useRef<EditorHandle>(null);
  const show = useCallback((text: string) => editor.current?.replace(text), []);
  const edited = useText(opened.file, opened.text, show);
  const { text, base, isDirty, theirs, takeBase } = edited;
  const [line, setLine] = useState(() => lineOf(text, opened.id));
  const [focus, setFocus] = useState<Focus>({ source, id: opened.id, event: opened.event });
  const [tab, setTab] = useState<Tab>('yaml');
  const { adds = addsNothing } = opened;
  const save = useSave(edited, adds);

  const { data: rows, error: noRows } = useQuery({
    queryKey: [name, 'mappings', 'last', focus.source, focus.event],
    enabled: focus.event !== '',
    queryFn: async () => {
      const query = { source: focus.source, type: focus.event, limit: '20' };
      return (await read(api.events.$get({ query }))).rows as EventRow[];
    },
  });
  // Newer events come in meanwhile; the one that is looked at stays.
  const [kept, setKept] = useState<string>();
  const event = chosenEvent ?? (rows?.find(({ id }) => id === kept) ?? rows?.[0])?.id;
  useEffect(() => setKept(event), [event]);
  const isReady = chosenEvent !== undefined || rows !== undefined || noRows !== null || focus.event === '';
  const choice = { source: focus.source, type: focus.event, event };
  const tried = useTried({ file: base, text, adds, ...choice }, isReady);
  const problems = tried.data?.problems ?? [];
  const hasErrors = problems.some(({ severity }) => severity === 'error');
  const compared = useCompared({ file: base, text, adds, ...choice }, tried.isCurrent && !hasErrors);

  const mappings = tried.data?.mappings;
  const isCurrent = tried.isCurrent;
  useEffect(() => {
    if (!isCurrent || mappings === undefined) return;
    const at = mappings.find(({ from, to }) => from <= line && line <= to);
    const next = at ?? mappings.find((one) => one.id === focus.id && one.source === focus.source);
    if (next === undefined) return;
    const { source, id, event } = next;
    if (source !== focus.source || id !== focus.id || event !== focus.event) setFocus({ source, id, event });
  }, [isCurrent, mappings, line, focus]);
  const focused = mappings?.find((one) => one.id === focus.id && one.source === focus.source);

  const tree = useQuery({
    queryKey: [name, 'mappings', 'event', base.hash, focus.source, focus.event, event],
    enabled: isReady && focus.event !== '',
    queryFn: async () => {
      const query = { source: focus.source, type: focus.event, ...(event !== undefined && { event }) };
      const { nodes } = await read(api.mappings.event.$get({ query }));
      return nodes as unknown as EventNode[];
    },
    placeholderData: (before) => before,
  });
  const words = useWords(focus.source, base.kind, tree.data);

  const isNew = opened.text !== undefined && address === 'new';
  const onSaved = () => {
    if (isNew || address !== focus.id)
      go({ to: ['mappings', focus.id], search: { source: focus.source, event: chosenEvent } });
  };
  const saveIfRight = () => {
    if (!readOnly && !hasErrors && theirs === undefined) save.save(onSaved);
  };
  useSaveKey(saveIfRight);
  const isFileLive = tried.data?.isLive ?? true;
  const along = tried.data?.startsUncommitted ?? addsNothing;
  const actions = <MappingActions {...{ edited, save, focused, isFileLive, along, hasErrors, show, onSaved }} />;
  const pick = (path: string) => {
    if (editor.current?.insertPath(path) === true) setTab('yaml');
    else
      toast('Put the cursor where a path can stand: behind the colon of a parameter, or of path in a condition', 'bad');
  };
  return (
    <Page
      title="Mapping"
      fills
      command={`mapping test ${quoted(focus.source)}${event === undefined ? '' : ` --event ${quoted(event)}`} --draft files`}
      aside={
        <>
          <Id>{focus.id}</Id>
          <MappingState isDirty={isDirty} isFileLive={isFileLive} mapping={focused} />
          <span className="grow" />
          {actions}
        </>
      }
    >
      {theirs !== undefined && (
        <ChangedOnDisk
          theirs={theirs}
          onKeep={() => takeBase(theirs)}
          onTake={() => {
            takeBase(theirs);
            show(theirs.text);
          }}
        />
      )}
      {save.error !== null && <ProblemView error={save.error} />}
      {save.notPushed !== undefined && (
        <DraftNote
          file={base.file}
          notPushed={save.notPushed}
          onPush={isDirty || save.isPending ? undefined : save.pushOver}
        />
      )}
      {edited.isRestored && isDirty && (
        <div className="now quiet" role="status">
          This is what you wrote before and did not save.
        </div>
      )}
      {opened.notes?.map((note) => (
        <div key={note} className="now quiet">
          To check: <Text>{note}</Text>
        </div>
      ))}
      {tried.data?.adds.map((path) => (
        <div key={path} className="now quiet">
          Saving writes <Text>{path}</Text> too: a workflow that only records its runs.
        </div>
      ))}
      <div className="tabs workspace-tabs" role="tablist">
        {(Object.keys(tabs) as Tab[]).map((one) => (
          <button key={one} type="button" role="tab" aria-selected={tab === one} onClick={() => setTab(one)}>
            {tabs[one]}
          </button>
        ))}
      </div>
      <div className={`workspace show-${tab}`}>
        <section className="panel of-event" aria-label="Event">
          <EventChoice rows={rows ?? []} chosen={event} type={focus.event} onChoose={(id) => change({ event: id })} />
          <div className="panel-scroll" tabIndex={-1}>
            {tree.error !== null && <ProblemView error={tree.error} />}
            {tree.data !== undefined && <EventTree nodes={tree.data} onPick={pick} />}
          </div>
        </section>
        <section className="panel of-yaml" aria-label="YAML">
          <div className="panel-title quiet">
            <Text>{base.file}</Text>
          </div>
          <Suspense fallback={<Loading />}>
            <Editor
              ref={editor}
              text={text}
              line={line}
              label={`YAML of ${base.file}`}
              onChange={edited.write}
              onLine={setLine}
              onSave={saveIfRight}
              checked={tried.isCurrent ? tried.data : undefined}
              lines={focused}
              words={words}
            />
          </Suspense>
          <Problems problems={problems} onGo={(at, column) => editor.current?.goTo(at, column)} />
          <p className="quiet hint-line">Ctrl Space completes · Esc, then Tab leaves the editor</p>
        </section>
        <section className="panel of-result" aria-label="Result" aria-busy={!tried.isCurrent}>
          <div className="panel-scroll" tabIndex={-1}>
            {tried.error !== null && <ProblemView error={tried.error} />}
            {tried.data === undefined && tried.error === null && <Loading />}
            {tried.data?.test != null && <Result test={tried.data.test} mapping={focus.id} />}
            {tried.data !== undefined && tried.data.test === null && (
              <p className={hasErrors ? 'bad' : 'quiet'}>
                {hasErrors
                  ? 'The text has errors; once they are mended, the verdict is here.'
                  : 'There is no event to try it with: send one, or paste the id of another.'}
              </p>
            )}
            {tried.data?.elsewhere.map((problem) => (
              <p key={problem} className="warn">
                <Text>{problem}</Text>
              </p>
            ))}
          </div>
        </section>
        <section className="panel of-last" aria-label="Last events" aria-busy={!compared.isCurrent}>
          {compared.error !== null && <ProblemView error={compared.error} />}
          {compared.data === undefined || hasErrors ? (
            <p className="quiet">
              {hasErrors ? 'What would change for the last events is counted once the errors are mended.' : 'Counting…'}
            </p>
          ) : (
            <Comparison compared={compared.data} />
          )}
        </section>
      </div>
    </Page>
  );
}

/** `Ctrl S` saves wherever the focus is; the editor takes it by itself, and a dialog keeps it. */
function useSaveKey(save: () => void): void {
  const current = useRef(save);
  current.current = save;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
        return;
      if (event.defaultPrevented) return;
      event.preventDefault();
      if (document.querySelector('dialog[open]') === null) current.current();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

/** The line of a mapping's id in a text. */
function lineOf(text: string, id: string): number {
  const lines = text.split('\n');
  const found = lines.findIndex((line) => /^\s*(?:-\s+)?id:\s*['"]?([^'"\s#]+)/.exec(line)?.[1] === id);
  return Math.max(1, found + 1);
}

function useWords(
  source: string,
  kind: 'sources' | 'workflows',
  nodes: readonly EventNode[] | undefined,
): Words | undefined {
  const { name, api } = useEnvironment();
  const { data } = useQuery({
    queryKey: [name, 'mappings', 'words', source],
    queryFn: () => read(api.mappings.words.$get({ query: { source } })),
    staleTime: 60_000,
  });
  return useMemo(() => {
    if (data === undefined) return undefined;
    const { schemas, ...rest } = data;
    return { ...rest, schema: schemas[kind] as JsonSchema, paths: pathsOf(nodes ?? []) };
  }, [data, kind, nodes]);
}

function pathsOf(nodes: readonly EventNode[]): Words['paths'] {
  return nodes.flatMap(({ path, value, nodes: inner = [] }) => [
    ...(path === null ? [] : [{ path, shown: value === undefined ? '' : JSON.stringify(value).slice(0, 40) }]),
    ...pathsOf(inner),
  ]);
}
