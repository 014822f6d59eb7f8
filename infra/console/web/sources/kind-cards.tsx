import { useEffect, useState } from 'react';
import type { KindRow } from '../../../../shared/operations/sources/kind-row.ts';
import { Text } from '../parts/text.tsx';
import { plural } from '../parts/words.ts';
import { Go, useGo, usePageSearch } from '../shell/go.tsx';

const proofs = { signature: 'signs its requests', secret: 'sends a secret', 'URL only': 'the URL alone' } as const;

/** As the cards stand on the page. */
const inOrder = (kinds: readonly KindRow[], categories: readonly string[]) =>
  categories.flatMap((category) => kinds.filter((one) => one.category === category));

/** Every kind of sender, by category; a search narrows them, and Enter opens the first. */
export function KindCards({ kinds }: { kinds: readonly KindRow[] }) {
  const [{ q = '' }, change] = usePageSearch();
  const [typed, setTyped] = useState(q);
  useEffect(() => setTyped(q), [q]);
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = kinds.filter(({ kind, title, about, category }) => {
    const text = `${kind} ${title} ${about} ${category}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const go = useGo();
  const categories = [...new Set(kinds.map(({ category }) => category))];
  return (
    <>
      <div className="line">
        <input
          aria-label="Find a sender"
          className="filter wide"
          type="search"
          placeholder="Who sends: stripe, segment…"
          value={typed}
          autoComplete="off"
          spellCheck={false}
          // biome-ignore lint/a11y/noAutofocus: the page is opened to find one
          autoFocus
          onKeyDown={({ key, nativeEvent }) => {
            const [first] = words.length === 0 ? [] : inOrder(found, categories);
            if (key === 'Enter' && !nativeEvent.isComposing && first !== undefined)
              go({ to: ['sources', '~new'], search: { kind: first.kind } });
          }}
          onChange={({ target }) => {
            setTyped(target.value);
            change({ q: target.value.trim() }, { replace: true });
          }}
        />
        <span className="quiet">
          {found.length === kinds.length ? `${kinds.length} kinds of sender` : `${found.length} of ${kinds.length}`}
        </span>
      </div>
      {found.length === 0 && (
        <p className="quiet">
          None is called that. Anything that posts JSON can be a source of kind{' '}
          <Go to={['sources', '~new']} search={{ kind: 'http' }}>
            HTTP
          </Go>
          .
        </p>
      )}
      {categories.map((category) => {
        const cards = found.filter((one) => one.category === category);
        return (
          cards.length > 0 && (
            <section key={category} className="part" aria-label={category}>
              <h2>{category}</h2>
              <ul className="cards">
                {cards.map(({ kind, title, about, proof, default_mappings }) => (
                  <li key={kind}>
                    <Go to={['sources', '~new']} search={{ kind }} className="card">
                      <strong>
                        <Text>{title}</Text>
                      </strong>
                      <span>
                        <Text>{about.replaceAll('`', '')}</Text>
                      </span>
                      <span className="quiet">
                        {proofs[proof]}
                        {default_mappings.length > 0 && ` · ${plural(default_mappings.length, 'default mapping')}`}
                      </span>
                    </Go>
                  </li>
                ))}
              </ul>
            </section>
          )
        );
      })}
    </>
  );
}
