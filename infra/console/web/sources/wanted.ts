import { useCallback, useEffect, useState } from 'react';
import type { Verification } from '../../../../shared/core/configuration/verification.ts';
import type { KindRow } from '../../../../shared/operations/sources/kind-row.ts';
import { type Search, usePageSearch } from '../shell/go.tsx';

/** What is wanted of a new source, as the page's URL holds it. */
export type Wanted = {
  key: string;
  name: string;
  /** Ids of default mappings. */
  mappings: readonly string[];
  /** Empty: the kind's own way. */
  verify: string;
  /** Of a verification by a header. */
  header: string;
};

const typedForMs = 300;

/** The first key that is free: `stripe`, `stripe-2`. */
export function freeKey(kind: string, taken: readonly string[]): string {
  for (let n = 1; ; n++) {
    const key = n === 1 ? kind : `${kind}-${n}`;
    if (!taken.includes(key)) return key;
  }
}

/** `settled` is what is wanted since nothing was typed for a moment. */
export type WantedState = { wanted: Wanted; settled: Wanted; change(change: Partial<Wanted>): void };

/** The wanted source. It is in the URL a moment after it was typed, so a reload or a link shows the same. */
export function useWanted(kind: KindRow, taken: readonly string[]): WantedState {
  const [search, changeSearch] = usePageSearch();
  const [byDefault] = useState(() => defaultOf(kind, taken));
  const [wanted, setWanted] = useState<Wanted>(() => ({ ...byDefault, ...inSearch(search, kind) }));
  const [settled, setSettled] = useState(wanted);
  useEffect(() => {
    if (wanted === settled) return;
    const timer = setTimeout(() => {
      setSettled(wanted);
      changeSearch(searchOf(wanted, byDefault), { replace: true });
    }, typedForMs);
    return () => clearTimeout(timer);
  }, [wanted, settled, byDefault, changeSearch]);
  const change = useCallback((changed: Partial<Wanted>) => setWanted((before) => ({ ...before, ...changed })), []);
  return { wanted, settled, change };
}

const defaultOf = (kind: KindRow, taken: readonly string[]): Wanted => ({
  key: freeKey(kind.kind, taken),
  name: '',
  mappings: kind.default_mappings.filter(({ optional }) => !optional).map(({ id }) => id),
  verify: '',
  header: '',
});

function inSearch({ key, name, mappings, verify, header }: Search, kind: KindRow): Partial<Wanted> {
  const ids = kind.default_mappings.map(({ id }) => id);
  return {
    ...(key !== undefined && { key }),
    ...(name !== undefined && { name }),
    ...(mappings !== undefined && { mappings: ids.filter((id) => mappings.split(',').includes(id)) }),
    ...(verify !== undefined && { verify }),
    ...(header !== undefined && { header }),
  };
}

/** What the URL says; a default is left out. */
function searchOf(wanted: Wanted, byDefault: Wanted): Search {
  const [now, before] = [textsOf(wanted), textsOf(byDefault)];
  return Object.fromEntries(
    Object.entries(now).map(([field, text]) => [field, text === before[field] ? undefined : text]),
  );
}

function textsOf({ key, name, mappings, verify, header }: Wanted): Record<string, string> {
  // `none` is not the id of a mapping: an empty value would be left out of the URL.
  return { key, name, mappings: mappings.length === 0 ? 'none' : mappings.join(','), verify, header };
}

/** The forms of a check that a file can declare, for kinds whose vendor does not define one. */
export const verifications = [
  ['', 'As the kind does'],
  ['header', 'A secret in a header'],
  ['bearer', 'A bearer token'],
  ['basic', 'User and password'],
  ['hmac', 'A signature over the body (HMAC)'],
  ['standard-webhooks', 'Standard Webhooks'],
  ['none', 'No check: the URL is enough'],
] as const;

export const takesHeader = (verify: string) => verify === 'header' || verify === 'hmac';

/** @returns undefined: the kind's own way */
export function verificationOf({ verify, header }: Wanted): Partial<Verification> | undefined {
  if (!verifications.some(([kind]) => kind === verify) || verify === '') return undefined;
  const given = takesHeader(verify) ? { header: header.trim() || headerByDefault(verify) } : {};
  return { kind: verify, ...given } as Partial<Verification>;
}

export const headerByDefault = (verify: string) => (verify === 'hmac' ? 'x-signature' : 'x-webhook-secret');

/** What the routes are asked for. */
export type SourceRequest = ReturnType<typeof requestOf>;

export function requestOf(kind: KindRow, wanted: Wanted) {
  const verification = kind.signs ? undefined : verificationOf(wanted);
  return {
    kind: kind.kind,
    key: wanted.key.trim(),
    mappings: [...wanted.mappings],
    ...(wanted.name.trim() !== '' && { name: wanted.name.trim() }),
    ...(verification !== undefined && { verification }),
  };
}
