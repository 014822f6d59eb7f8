import { useEffect } from 'react';
import { useEnvironment } from '../shell/environment.tsx';
import { Copy } from './copy.tsx';
import { Text } from './text.tsx';
import { quoted } from './words.ts';

type PageProps = {
  title: string;
  /** Beside the title. */
  aside?: React.ReactNode;
  /** The command that shows the same, without `npx signalbox` and the environment. */
  command?: string;
  /** The route that answers what is shown, for its JSON. */
  json?: string;
  /** Fills the window, and scrolls inside. */
  fills?: boolean;
  children: React.ReactNode;
};

/** As it is typed in a terminal; the CLI's default is development. */
export const commandLine = (command: string, environment: string) =>
  `npx signalbox ${command}${environment === 'development' ? '' : ` -e ${quoted(environment)}`}`;

/** Text that was cut to fit its place is whole in what hovering shows. */
function tellCut({ target }: React.PointerEvent) {
  const place = target instanceof Element ? target.closest<HTMLElement>('.rows td, .groups .row-link, .command') : null;
  if (place === null) return;
  const isCut = place.scrollWidth > place.clientWidth && getComputedStyle(place).textOverflow === 'ellipsis';
  place.title = isCut ? place.innerText : '';
}

/** Every page: its heading, its content, and below how to see the same elsewhere. */
export function Page({ title, aside, command, json, fills = false, children }: PageProps) {
  const { name } = useEnvironment();
  useEffect(() => {
    document.title = `${title} · ${name} · Signalbox`;
  }, [title, name]);
  const line = command === undefined ? undefined : commandLine(command, name);
  return (
    <main className={fills ? 'page fills' : 'page'} id="main" tabIndex={-1} onPointerOver={tellCut}>
      <div className="page-head">
        <h1>{title}</h1>
        {aside}
      </div>
      {children}
      {(line !== undefined || json !== undefined) && (
        <footer className="page-foot">
          {line !== undefined && (
            <>
              <span className="quiet">The same in a terminal</span>
              <code className="command">
                <Text>{line}</Text>
              </code>
              <Copy text={line} what="the command" />
            </>
          )}
          {json !== undefined && (
            <a className="json-link" href={json} target="_blank" rel="noreferrer">
              JSON
            </a>
          )}
        </footer>
      )}
    </main>
  );
}
