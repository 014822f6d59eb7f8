// Plain JavaScript, as run.js is: nothing is built yet when it is loaded.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Makes stack traces name our files and lines. A map is read when a stack is first asked for: Node's own
 * `setSourceMapsEnabled` reads the map of every chunk that is loaded, which is a sixth of the start of a command.
 */
export function nameSourcesInStacks() {
  Error.prepareStackTrace = (error, frames) =>
    [headOf(error), ...frames.map((frame) => `    at ${sourced(frame)}`)].join('\n');
  // Node would print the bundle's line, which is a whole minified file.
  process.on('uncaughtException', (error) => {
    console.error(error);
    process.exit(1);
  });
}

function headOf(error) {
  try {
    return String(error);
  } catch {
    return 'an error whose name or message cannot be read';
  }
}

/** A frame as Node writes it, with the place in the source where the map knows it. */
function sourced(frame) {
  const text = frame.toString();
  const [url, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
  if (!url?.startsWith('file:') || line === null || column === null) return text;
  const file = fileURLToPath(url);
  const entry = mapOf(file)?.findEntry(line - 1, column - 1);
  if (entry?.originalSource === undefined) return text;
  const source = join(dirname(file), entry.originalSource);
  return text.replace(`${url}:${line}:${column}`, `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`);
}

const maps = new Map();

function mapOf(file) {
  if (!maps.has(file)) {
    const path = `${file}.map`;
    maps.set(file, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined);
  }
  return maps.get(file);
}
