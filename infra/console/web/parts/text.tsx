import { Fragment } from 'react';
import { unsafe } from './words.ts';

/*
 * Stored text comes from strangers. React shows it as text; here its controls become symbols: marks
 * that reverse the rest of a line, line breaks, escape sequences.
 */

function symbolOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // As terminals write them: any font has these.
  if (code < 0x20) return `^${String.fromCodePoint(code + 0x40)}`;
  if (code === 0x7f) return '^?';
  return `‹${nameOf(code)}›`;
}

const nameOf = (code: number) => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;

/** For places that take text alone, such as a title. */
export function visible(text: string): string {
  return text.toWellFormed().replace(unsafe, symbolOf);
}

/** Text of a stranger, in one line or many; it cannot reach beyond its own place. */
export function Text({ children, lines = false }: { children: string; lines?: boolean }) {
  const text = children.toWellFormed();
  const className = lines ? 'text lines' : 'text';
  // Nearly every text; a table draws hundreds of them.
  if (text.search(unsafe) === -1) return <bdi className={className}>{text}</bdi>;
  const pieces: React.ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(unsafe)) {
    const [character] = match;
    if (lines && (character === '\n' || character === '\t')) continue;
    pieces.push(<Fragment key={`t${from}`}>{text.slice(from, match.index)}</Fragment>);
    pieces.push(
      <span key={`c${match.index}`} className="control" title={nameOf(character.codePointAt(0) ?? 0)}>
        {symbolOf(character)}
      </span>,
    );
    from = match.index + character.length;
  }
  pieces.push(<Fragment key="rest">{text.slice(from)}</Fragment>);
  return <bdi className={className}>{pieces}</bdi>;
}

/** An id, to be copied and compared. */
export function Id({ children }: { children: string }) {
  return (
    <span className="id">
      <Text>{children}</Text>
    </span>
  );
}

/** Text of our own, such as a guide's: what stands between backquotes is code. */
export function Marked({ text }: { text: string }) {
  return text.split('`').map((part, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts never change their places
    i % 2 === 1 ? <code key={i}>{part}</code> : <span key={i}>{part}</span>,
  );
}
