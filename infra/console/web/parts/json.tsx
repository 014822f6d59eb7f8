import { useState } from 'react';
import { Text } from './text.tsx';
import { plural } from './words.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const openDepth = 2;
const shownAtOnce = 100;

/** A JSON value as a tree that opens and closes. Every name and text of it is text. */
export function JsonTree({ value }: { value: unknown }) {
  return (
    <div className="json">
      <Node value={value as Json} depth={0} />
    </div>
  );
}

function Node({ name, value, depth }: { name?: string; value: Json; depth: number }) {
  const label = name !== undefined && (
    <span className="json-name">
      <Text>{name}</Text>
      {': '}
    </span>
  );
  if (typeof value !== 'object' || value === null)
    return (
      <div className="json-line">
        {label}
        <JsonScalar value={value} />
      </div>
    );
  const entries: [string, Json][] = Array.isArray(value)
    ? value.map((item, i) => [String(i), item as Json])
    : Object.entries(value);
  if (entries.length === 0)
    return (
      <div className="json-line">
        {label}
        <span className="quiet">{jsonSize(0, Array.isArray(value))}</span>
      </div>
    );
  return (
    <details className="json-group" open={depth < openDepth}>
      <summary className="json-line">
        {label}
        <span className="quiet">{jsonSize(entries.length, Array.isArray(value))}</span>
      </summary>
      <Entries entries={entries} depth={depth} />
    </details>
  );
}

function Entries({ entries, depth }: { entries: [string, Json][]; depth: number }) {
  const [shown, setShown] = useState(shownAtOnce);
  return (
    <div className="json-inner">
      {entries.slice(0, shown).map(([name, value]) => (
        <Node key={name} name={name} value={value} depth={depth + 1} />
      ))}
      {entries.length > shown && (
        <button type="button" className="plain" onClick={() => setShown(shown + 10 * shownAtOnce)}>
          {plural(entries.length - shown, 'more')}
        </button>
      )}
    </div>
  );
}

/** `[ ]`, `3 fields`: a list or a map that is not open. */
export function jsonSize(size: number, isList: boolean): string {
  if (size === 0) return isList ? '[ ]' : '{ }';
  return plural(size, isList ? 'item' : 'field');
}

export function JsonScalar({ value }: { value: string | number | boolean | null }) {
  if (typeof value === 'string')
    return (
      <span className="json-text">
        <Text>{`"${value}"`}</Text>
      </span>
    );
  return <span className="json-value">{String(value)}</span>;
}
