import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
import { rawEvent } from '../support/build.ts';

/** Real payloads of a kind from public projects, by file name; none where no folder of them lies beside the repository. */
export function realPayloads(kind: string): Map<string, string> {
  const folder = new URL(`../../../shared/fixtures/${kind}/`, import.meta.url);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return new Map(names.sort().map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
}

/** What a payload becomes: type, user and key, or why it is refused. */
export async function becomes(kind: string, text: string): Promise<string[]> {
  const file = SourceFile.parse({ kind, name: kind });
  const normalized = await normalizeEvent(rawEvent(text), file, SourceState.parse({}));
  if (normalized.kind === 'rejected') return [normalized.reason];
  const { eventType, userId = '-', keyCandidate = '-' } = normalized.event;
  return [eventType, userId, String(keyCandidate)];
}
