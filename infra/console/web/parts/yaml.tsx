import { Text } from './text.tsx';

/** A file, or a part of one, to be read; it scrolls in its own place. */
export function Yaml({ text, what }: { text: string; what: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys scroll only what has the focus
    <section className="raw yaml" aria-label={what} tabIndex={0}>
      <pre>
        <Text lines>{text}</Text>
      </pre>
    </section>
  );
}
