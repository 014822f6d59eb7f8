import type { Snapshot, SourceFile } from '../../core/configuration/schema.ts';
import { targetDefinition } from '../../core/configuration/targets/index.ts';
import { own } from '../../core/json/values.ts';
import { verifierOf } from '../../core/live/effective-settings.ts';
import { sourceKind } from '../../core/sources/index.ts';
import { isSigningSecret, signingSecretOf } from '../../core/targets/standard-webhook.ts';

/** A secret that the configuration knows a use for. */
export type KnownSecret = {
  /** `sources/stripe`, `targets/order-completed` */
  name: string;
  /** Who it is shared with, in words. */
  sharedWith: string;
  /** What makes a value unusable, as a sentence without its subject; it never quotes the value. */
  problemOf(value: string): string | undefined;
  /** Absent: the other side makes its secrets, and one of ours would be of no use. */
  generate?(random: Uint8Array): string;
};

/** A name that stands for nothing here; `known` are those that do. */
export type UnknownSecret = { kind: 'unknown_secret'; name: string; known: string[] };

/** @param text `sources/KEY`, `targets/WORKFLOW`, or the key of a source alone */
export function findSecret(text: string, snapshot: Snapshot, environment: string): KnownSecret | UnknownSecret {
  const name = text.includes('/') ? text : `sources/${text}`;
  const [kind, key = ''] = splitOnce(name);
  if (kind === 'sources' && Object.hasOwn(snapshot.sources, key)) return ofSource(key, snapshot);
  if (kind === 'targets' && Object.hasOwn(snapshot.workflows, key)) return ofTarget(key, snapshot, environment);
  const known = [
    ...Object.keys(snapshot.sources).map((source) => `sources/${source}`),
    ...Object.keys(snapshot.workflows).map((workflow) => `targets/${workflow}`),
  ];
  return { kind: 'unknown_secret', name: text, known };
}

function splitOnce(name: string): [string, string] {
  const at = name.indexOf('/');
  return [name.slice(0, at), name.slice(at + 1)];
}

function ofSource(key: string, { sources }: Snapshot): KnownSecret {
  const file = sources[key] as SourceFile;
  const kind = sourceKind(file.kind);
  const { newSecret, secretProblem } = verifierOf(kind, file);
  return {
    name: `sources/${key}`,
    sharedWith: kind?.title ?? 'the sender',
    problemOf: secretProblem,
    ...(newSecret && { generate: newSecret }),
  };
}

function ofTarget(key: string, { workflows }: Snapshot, environment: string): KnownSecret {
  const target = own(own(workflows, key)?.target ?? {}, environment);
  const { sharedWith = 'the target', isSigningKey = false } = (target && targetDefinition(target).secret) ?? {};
  const name = `targets/${key}`;
  if (!isSigningKey) return { name, sharedWith, problemOf: () => undefined };
  return {
    name,
    sharedWith,
    problemOf: (value) =>
      isSigningSecret(value)
        ? undefined
        : 'must be "whsec_" followed by at least 16 characters of base64, as Standard Webhooks asks for',
    generate: signingSecretOf,
  };
}
