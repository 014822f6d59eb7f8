import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe } from '@jest/globals';
import { SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
import { rawEvent } from './build.ts';

/** Payloads from public projects, where a folder of them lies beside the repository. */
export type RealPayloads = {
  /** `describe`, or `describe.skip` where there is no folder. */
  describe: typeof describe | typeof describe.skip;
  files: string[];
  read(name: string): string;
};

export function realPayloads(kind: string): RealPayloads {
  const folder = new URL(`../../../shared/fixtures/${kind}/`, import.meta.url);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return {
    describe: files.length > 0 ? describe : describe.skip,
    files,
    read: (name) => readFileSync(new URL(name, folder), 'utf8'),
  };
}

/** What a source of a kind, as it is when nothing is set, makes of an event. */
export async function normalizeAs(kind: string, text: string, headers: Record<string, string> = {}) {
  const raw = rawEvent(undefined, { payload: packEventText({ headers, body: text }) });
  return normalizeEvent(raw, SourceFile.parse({ kind, name: kind }), SourceState.parse({}));
}

/** The same, of an event that is not a refusal. */
export async function eventAs(kind: string, text: string, headers: Record<string, string> = {}) {
  const normalized = await normalizeAs(kind, text, headers);
  if (normalized.kind === 'rejected') throw new Error(`${normalized.reason}: ${normalized.detail}`);
  return normalized.event;
}

/** Numbers in a text that JavaScript cannot hold exactly. */
export function longNumbers(text: string): string[] {
  return [...text.matchAll(/[:[,]\s*(-?\d{16,})(?=[\s,\]}])/g)].map(([, digits = '']) => digits);
}
