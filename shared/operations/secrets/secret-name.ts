import type { Snapshot, SourceFile } from '../../core/configuration/schema.ts';
import { targetDefinition } from '../../core/configuration/targets/index.ts';
import { isResourceKey } from '../../core/ids/resource-key.ts';
import { own } from '../../core/json/values.ts';
import { verifierOf } from '../../core/live/effective-settings.ts';
import { readPastedSecret, type SecretReading } from '../../core/signatures/secret-text.ts';
import { sourceKind } from '../../core/sources/index.ts';
import { isSigningSecret, signingSecretOf } from '../../core/targets/standard-webhook.ts';
import { nearestName } from '../words/did-you-mean.ts';

/** A secret that the configuration knows a use for. */
export type KnownSecret = {
  /** `sources/stripe`, `targets/order-completed` */
  name: string;
  /** The other side that knows the secret, in words. */
  sharedWith: string;
  /** Cleans a pasted value of slips, or refuses it. Neither result ever quotes it. */
  read(text: string): SecretReading;
  /** Absent: the other side makes its secrets, so ours would be useless. */
  generate?(random: Uint8Array): string;
};

/** An unknown name; `known` lists the known ones, `meant` is the one that was probably meant. */
export type UnknownSecret = {
  /** `malformed`: a source or workflow cannot have such a name. */
  kind: 'unknown_secret' | 'malformed_secret';
  name: string;
  known: string[];
  meant?: string;
};

/** @param text `sources/KEY`, `targets/WORKFLOW`, `notifier/CHANNEL`, or the key of a source alone */
export function findSecret(text: string, snapshot: Snapshot, environment: string): KnownSecret | UnknownSecret {
  const name = text.includes('/') ? text : `sources/${text}`;
  const [kind, key = ''] = splitOnce(name);
  if (kind === 'sources' && Object.hasOwn(snapshot.sources, key)) return ofSource(key, snapshot);
  if (kind === 'targets' && Object.hasOwn(snapshot.workflows, key)) return ofTarget(key, snapshot, environment);
  const ofChannel = channelSecrets.find((secret) => secret.name === name);
  if (ofChannel !== undefined) return ofChannel;
  const known = [
    ...Object.keys(snapshot.sources).map((source) => `sources/${source}`),
    ...Object.keys(snapshot.workflows).map((workflow) => `targets/${workflow}`),
    ...channelSecrets.map((secret) => secret.name),
  ];
  const isPossible = isResourceKey(key) && ['sources', 'targets', 'notifier'].includes(kind);
  const meant = slipOf(text, known);
  return {
    kind: isPossible ? 'unknown_secret' : 'malformed_secret',
    name: text,
    known,
    ...(meant !== undefined && { meant }),
  };
}

/** People paste names with spaces and capitals, and a bare key can mean a source or a target. */
function slipOf(text: string, known: readonly string[]): string | undefined {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z0-9_/-]/g, '');
  const candidates = [text, plain, `sources/${plain}`, `targets/${plain}`, `notifier/${plain}`];
  return (
    candidates.find((name) => known.includes(name)) ??
    candidates.flatMap((name) => nearestName(name, known) ?? []).at(0)
  );
}

function splitOnce(name: string): [string, string] {
  const at = name.indexOf('/');
  return [name.slice(0, at), name.slice(at + 1)];
}

function ofSource(key: string, { sources }: Snapshot): KnownSecret {
  const file = sources[key] as SourceFile;
  const kind = sourceKind(file.kind);
  const verifier = verifierOf(kind, file);
  const { newSecret } = verifier;
  return {
    name: `sources/${key}`,
    sharedWith: kind?.title ?? 'the sender',
    read: (text) => readPastedSecret(text, verifier),
    ...(newSecret && { generate: newSecret }),
  };
}

/** Of the channels that alarms are told by, whether or not the environment has one. docs/notifications.md */
const channelSecrets: readonly KnownSecret[] = [
  {
    name: 'notifier/slack',
    sharedWith: 'Slack',
    read: (text) =>
      readPastedSecret(text, {
        isUrl: true,
        secretProblem: (value) =>
          /^https:\/\/[^\s/]+\/\S+$/.test(value) ? undefined : 'must be the https:// address of an incoming webhook',
      }),
  },
  {
    name: 'notifier/pagerduty',
    sharedWith: 'PagerDuty',
    read: (text) =>
      readPastedSecret(text, {
        secretProblem: (value) =>
          /^\w{32}$/.test(value) ? undefined : 'must be the integration key of PagerDuty, which has 32 characters',
      }),
  },
  { name: 'notifier/webhook', sharedWith: "the webhook's receiver", ...signingKey() },
];

function ofTarget(key: string, { workflows }: Snapshot, environment: string): KnownSecret {
  const target = own(own(workflows, key)?.target ?? {}, environment);
  const { sharedWith = 'the target', isSigningKey = false } = (target && targetDefinition(target).secret) ?? {};
  const name = `targets/${key}`;
  if (!isSigningKey)
    return { name, sharedWith, read: (text) => readPastedSecret(text, { secretProblem: () => undefined }) };
  return { name, sharedWith, ...signingKey() };
}

function signingKey(): Pick<KnownSecret, 'read' | 'generate'> {
  return {
    read: (text) =>
      readPastedSecret(text, {
        // Standard Webhooks writes its version before a signature, and people copy it too.
        copiedAlong: ['v1,'],
        secretProblem: (value) =>
          isSigningSecret(value)
            ? undefined
            : 'must be "whsec_" followed by at least 16 characters of base64, as Standard Webhooks asks for',
      }),
    generate: signingSecretOf,
  };
}
