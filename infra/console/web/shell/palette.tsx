import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { DirectoryFind } from '../../../../shared/operations/directory/directory.ts';
import { read } from '../client.ts';
import { placeOf } from '../directory/link.tsx';
import { pages } from '../pages.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { useEnvironment } from './environment.tsx';
import { type Place, useGo } from './go.tsx';

type Choice = Place & { key: string; what: string; label: string };

/** Finds a page, a source or a workflow by its name, and anything else by its id. */
export function Palette({ onClose }: { onClose(): void }) {
  const { api, name } = useEnvironment();
  const go = useGo();
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState<string>();
  const [chosen, setChosen] = useState(0);
  const text = typed.trim();

  const story = useQuery({
    queryKey: [name, 'why', asked],
    enabled: asked !== undefined,
    queryFn: () => read(api.why[':id'].$get({ param: { id: asked ?? '' } })),
  });

  const entities = useQuery({
    queryKey: [name, 'find', asked],
    enabled: asked !== undefined,
    queryFn: () => read(api.find.$get({ query: { id: asked ?? '' } })),
  });
  const sources = useQuery({ queryKey: [name, 'sources', 'keys'], queryFn: () => read(api.sources.keys.$get()) });
  const workflows = useQuery({
    queryKey: [name, 'workflows', 'keys'],
    queryFn: () => read(api.workflows.keys.$get()),
  });
  const isFetching = story.isFetching || entities.isFetching;
  // What the directory holds needs no event that has come for it.
  const error = entities.data?.length === 0 ? story.error : entities.error;
  const isFound = asked !== undefined && asked === text && !isFetching;

  const isFruitless = isFound && story.data === undefined && (entities.data ?? []).length === 0;
  const named = namedLike(text.toLowerCase(), { sources: sources.data ?? [], workflows: workflows.data ?? [] });
  const choices: Choice[] =
    isFound && !isFruitless
      ? [...(entities.data ?? []).map(entityChoice), ...(story.data === undefined ? [] : choicesOf(story.data))]
      : text === '' || named.length === 0 || isFruitless
        ? named
        : [...named, { key: lookFor, to: [], what: 'look for the id', label: text }];

  const take = (choice: Choice | undefined) => {
    if (choice === undefined || choice.key === lookFor) {
      setChosen(0);
      return setAsked(text);
    }
    onClose();
    go(choice);
  };

  // An id that leads to one place leads there at once.
  const [only] = isFound && !isFruitless && choices.length === 1 ? choices : [];
  useEffect(() => {
    if (only === undefined) return;
    onClose();
    go(only);
  });

  return (
    <Dialog title="Find" onClose={onClose} className="palette">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text !== '') take(choices[chosen]);
        }}
      >
        <input
          autoFocus
          aria-label="An id of an event, message, user, run, object or action, or the name of a page, source or workflow"
          placeholder="Any id, or the name of a page, source or workflow"
          spellCheck={false}
          autoComplete="off"
          value={typed}
          onChange={({ target }) => {
            setTyped(target.value);
            setChosen(0);
          }}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (step === undefined) return;
            event.preventDefault();
            setChosen((now) => Math.max(0, Math.min(choices.length - 1, now + step)));
          }}
        />
      </form>
      {error !== null && isFruitless && <ProblemView error={error} />}
      {isFetching && <p className="quiet">Looking…</p>}
      <ul className="choices">
        {choices.map((choice, i) => (
          <li key={choice.key}>
            <button type="button" className={i === chosen ? 'choice chosen' : 'choice'} onClick={() => take(choice)}>
              <span className="quiet">{choice.what}</span> <Text>{choice.label}</Text>
            </button>
          </li>
        ))}
      </ul>
      {choices.length === 0 && text !== '' && asked !== text && (
        <p className="quiet">
          Enter looks for the id of an event, a message id, a user, a run, a failed action, a tenant, an audience, or an
          object written as collection/id.
        </p>
      )}
    </Dialog>
  );
}

/** The choice that asks for what was typed as an id, below what has it in its name. */
const lookFor = '~look-for';

type Keys = { sources: readonly string[]; workflows: readonly string[] };

/** Pages that begin so, and sources and workflows that have it in their keys. */
function namedLike(text: string, { sources, workflows }: Keys): Choice[] {
  const like = (kind: 'source' | 'workflow', keys: readonly string[]): Choice[] =>
    text === ''
      ? []
      : keys
          .filter((key) => key.toLowerCase().includes(text))
          .slice(0, keysShown)
          .map((key) => ({ key: `${kind} ${key}`, to: [`${kind}s`, key], what: kind, label: key }));
  return [
    ...pages
      .filter(({ title }) => title?.toLowerCase().startsWith(text))
      .map(({ path, title = '' }) => ({ key: path, to: path === '' ? [] : [path], what: 'page', label: title })),
    ...like('source', sources),
    ...like('workflow', workflows),
  ];
}

/** Of each kind; who has more types on. */
const keysShown = 6;

function entityChoice(found: DirectoryFind): Choice {
  const { kind, id } = found;
  if (kind === 'audience') return { key: `audience ${id}`, to: ['people', 'audiences', id], what: kind, label: id };
  const key = kind === 'user' ? id : `${kind === 'object' ? found.collection : '$tenants'}/${id}`;
  return { ...placeOf(key), key: `${kind} ${key}`, what: kind, label: kind === 'object' ? key : id };
}

type Found = { found_as: string } & Record<string, unknown>;

/** Where an id leads: to one event, or to several to choose from. */
function choicesOf(found: Found): Choice[] {
  if (found.found_as === 'messages')
    return (found.claims as { event_id: string; source: string; event_type: string }[]).map((claim) => ({
      key: claim.event_id,
      to: ['events', claim.event_id],
      what: `${claim.source} ${claim.event_type}`,
      label: claim.event_id,
    }));
  if (found.found_as === 'user') {
    const id = String(found.id);
    return [{ key: id, to: ['events'], search: { user_id: id }, what: 'events of user', label: id }];
  }
  const id = String(found.id);
  const asked = String(found.asked);
  return [
    ...(found.found_as === 'run' ? [{ key: `run ${asked}`, to: ['runs', asked], what: 'run', label: asked }] : []),
    {
      key: id,
      to: ['events', id],
      what: found.found_as === 'event' ? 'event' : `event of this ${found.found_as}`,
      label: id,
    },
  ];
}
