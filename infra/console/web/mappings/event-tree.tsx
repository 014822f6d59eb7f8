import { useState } from 'react';
import type { EventNode } from '../../../../shared/operations/mappings/editor/event-tree.ts';
import { JsonScalar, jsonSize } from '../parts/json.tsx';
import { Text, visible } from '../parts/text.tsx';
import { plural } from '../parts/words.ts';

type Pick = (path: string) => void;

/** What a mapping can read of an event. A click on a name or a value puts its path into the text. */
export function EventTree({ nodes, onPick }: { nodes: readonly EventNode[]; onPick: Pick }) {
  return (
    <ul className="event-tree" aria-label="The event">
      {nodes.map((node) => (
        <Node key={node.name} node={node} depth={0} onPick={onPick} />
      ))}
    </ul>
  );
}

const openNames = new Set(['data', 'user_id', 'preprocess']);

function Node({ node, depth, onPick }: { node: EventNode; depth: number; onPick: Pick }) {
  const { name, path, nodes, value, isList, more = 0 } = node;
  const [isOpen, setOpen] = useState(depth === 0 ? openNames.has(name) : depth < 2);
  const isEmpty = nodes?.length === 0 && more === 0;
  return (
    <li>
      <div className="event-node">
        {nodes !== undefined && !isEmpty ? (
          <button
            type="button"
            className="toggle"
            aria-expanded={isOpen}
            aria-label={`${isOpen ? 'Close' : 'Open'} ${visible(name)}`}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? '▾' : '▸'}
          </button>
        ) : (
          <span className="toggle" aria-hidden="true" />
        )}
        <button
          type="button"
          className="pick"
          disabled={path === null}
          title={path === null ? 'No path reaches it; preprocess.jsonata does' : `Insert ${visible(path)}`}
          onClick={() => path !== null && onPick(path)}
        >
          <span className="json-name">
            <Text>{name}</Text>
          </span>{' '}
          {nodes === undefined ? (
            <JsonScalar value={value ?? null} />
          ) : (
            <span className="quiet">{jsonSize(nodes.length + more, isList === true)}</span>
          )}
        </button>
      </div>
      {nodes !== undefined && isOpen && !isEmpty && (
        <ul>
          {nodes.map((inner) => (
            <Node key={inner.name} node={inner} depth={depth + 1} onPick={onPick} />
          ))}
          {more > 0 && <li className="quiet more">{plural(more, 'more')}</li>}
        </ul>
      )}
    </li>
  );
}
