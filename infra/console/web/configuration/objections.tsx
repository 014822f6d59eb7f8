import { Copy } from '../parts/copy.tsx';
import { Remedies } from '../parts/remedies.tsx';
import { Status } from '../parts/status.tsx';
import { Text } from '../parts/text.tsx';

/** What stands against a change. `overrule`: what is done by who does it all the same; null: it cannot be. */
export type ShownObjection = {
  kind: string;
  what: string;
  remedies: readonly string[];
  overrule: string | null;
};

type ObjectionsProps = {
  objections: readonly ShownObjection[];
  /** Those that the person overrules, each by itself; absent: they are only shown. */
  allowed?: ReadonlySet<string>;
  onAllow?(allowed: ReadonlySet<string>): void;
};

/** What stands against a change, what would be right, and a box for each that may be overruled. */
export function Objections({ objections, allowed, onAllow }: ObjectionsProps) {
  if (objections.length === 0) return null;
  return (
    <ul className="objections" aria-label="What stands against it">
      {objections.map(({ kind, what, remedies, overrule }) => (
        <li key={`${kind} ${what}`}>
          <p className="objection-what">
            <Text>{what}</Text>
          </p>
          <Remedies remedies={remedies} />
          {overrule !== null && remedies.some(setsSecret) && (
            <p className="quiet">Or go on, and set it on the set-up page of the source there.</p>
          )}
          {overrule === null ? (
            <p className="quiet">This cannot be overruled.</p>
          ) : (
            allowed !== undefined && (
              <label className="check">
                <input
                  type="checkbox"
                  checked={allowed.has(kind)}
                  onChange={({ target }) => {
                    const next = new Set(allowed);
                    if (target.checked) next.add(kind);
                    else next.delete(kind);
                    onAllow?.(next);
                  }}
                />
                <span>{allTheSame(overrule)}</span>
              </label>
            )
          )}
        </li>
      ))}
    </ul>
  );
}

/** The secret of a source, which its set-up page takes too; that of a target is set by its command. */
const setsSecret = (remedy: string) => /^npx signalbox secrets set (?!targets\/)/.test(remedy);

/** `or set it afterwards` → `Set it afterwards` */
function allTheSame(overrule: string): string {
  const words = overrule.replace(/^(or|to) /, '');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether each objection is overruled, so that the change can be made. */
export function isAllowed(objections: readonly ShownObjection[], allowed: ReadonlySet<string>): boolean {
  return objections.every(({ kind, overrule }) => overrule !== null && allowed.has(kind));
}

export type FileProblem = {
  severity: 'error' | 'warning';
  file: string;
  line?: number | undefined;
  column?: number | undefined;
  path: string;
  message: string;
};

/** Problems of configuration files, each with its place. */
export function FileProblems({ problems }: { problems: readonly FileProblem[] }) {
  return (
    <ul className="file-problems" aria-label="Problems of files">
      {problems.map(({ severity, file, line, column, path, message }) => {
        const place = line === undefined ? file : `${file}:${line}:${column}`;
        return (
          <li key={`${place} ${path} ${message}`}>
            <div className="file-place">
              <Status tone={severity === 'error' ? 'bad' : 'warn'}>{severity}</Status>{' '}
              <code>
                <Text>{place}</Text>
              </code>
              <Copy text={place} what="the place" />
            </div>
            <p>
              {path !== '' && (
                <>
                  <code>
                    <Text>{path}</Text>
                  </code>{' '}
                </>
              )}
              <Text>{message}</Text>
            </p>
          </li>
        );
      })}
    </ul>
  );
}
