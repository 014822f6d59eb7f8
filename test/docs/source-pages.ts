import { SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import { splitEvents } from '../../shared/core/ingest/split-events.ts';
import { redactMembers } from '../../shared/core/json/redact-members.ts';
import { coverageOf } from '../../shared/core/signatures/coverage.ts';
import type { DefaultMapping, GuidedKind, Sample, SampleMaker } from '../../shared/core/sources/guide.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
import type { SourceKind } from '../../shared/core/sources/source.ts';
import { mappingYaml } from '../../shared/operations/sources/mapping-yaml.ts';
import { sourceGuides } from '../../shared/operations/sources/source-guides.ts';
import { rawEvent } from '../support/build.ts';

/** The pages of docs/sources, by their path under docs/: made from the definitions and guides of the kinds. */
export async function sourcePages(): Promise<Map<string, string>> {
  const kinds = await sourceGuides();
  return new Map([
    ['sources.md', indexPage(kinds)],
    ...kinds.map((kind) => [`sources/${kind.kind.id}.md`, kindPage(kind)] as const),
  ]);
}

function indexPage(kinds: GuidedKind[]): string {
  const categories = [...new Set(kinds.map(({ guide }) => guide.category))];
  return `# Sources

Which senders Signalbox knows, and how each is set up. A source is one connection: two of one kind are
two files with keys of their own. *Add a source* in [the console](console.md) writes such a file, makes
it live, and waits with you for the first event. In the terminal \`npx signalbox sources add KIND\`
writes the file and says what to do at the vendor, and \`npx signalbox sources kinds\` lists the kinds.

*Enforced* says whether a request that does not prove who sent it is answered 401 by default. A wrong
secret then costs nothing where the sender tries again, and events where it does not. Change it with
\`npx signalbox settings set KEY --enforce on\`. *Copies count for* says how long a second event with the
same key runs nothing: at least as long as the sender tries again.
${categories
  .map(
    (category) => `
## ${category}

| Kind | Sender | Proof | Enforced | Key | Copies count for |
|---|---|---|---|---|---|
${kinds
  .filter(({ guide }) => guide.category === category)
  .map(
    ({ kind, guide }) =>
      `| [\`${kind.id}\`](sources/${kind.id}.md) | ${kind.title} | ${proof({ kind, guide })} | ${enforcedInShort[kind.settings.enforcement]} | ${keyInShort({ kind, guide })} | ${copiesInShort(kind)} |`,
  )
  .join('\n')}
`,
  )
  .join('')}
## Pause or disable

| | \`npx signalbox sources pause KEY\` | \`npx signalbox sources disable KEY\` |
|---|---|---|
| The sender | gets 200 as ever, or 401 if it fails the check | the same |
| Its events | are kept as \`held\`; nothing runs | are kept as \`rejected\`; nothing runs |
| Afterwards | \`sources resume KEY\` releases all of them, oldest first | they stay rejected; \`replay\` runs those that you choose |
| For | a wrong mapping, a target that is down, a flood to be looked at | a source that is not wanted here |

Both take effect within 30 seconds, in this environment alone, and stay through later pushes. Neither
refuses a request, so a sender tries nothing again and gives nothing up.

**Held events** have rows: \`events --status held\`, \`why ID\`, \`doctor\` and \`verify\` show them. They
take no key, and use up no attempt. A held event is kept for as long as its source keeps rows
(\`settings set KEY --retention-days N\`, or else the environment's \`logRetentionDays\`), and is lost
then; \`pause\` says when, and \`doctor\` warns three days before.

**To try a fix**, replay one of them: \`npx signalbox replay ID\` runs it although its source is paused.
Close those that need not run with \`npx signalbox discard --status held --since 2h -m "…"\`.

**\`resume\`** runs new events at once. The held ones follow, oldest first, at \`--rate N\` per second if
given. So a held event may run after a newer one; its own time keeps it from overwriting newer values.
Each runs once: of copies of one key the first to run counts, and the others end \`idempotent\`. The
release is a [job](cli.md#jobs): Ctrl-C leaves it, \`jobs resume\` goes on, and a new pause stops it. On
AWS it ends a minute and a half after the last event at the earliest, since a function may hold events
for so long after the change.

Hightouch and Census cannot be paused: their requests apply records before they are answered. Pause the
sync at the vendor.

## Notice that a source stops, or sends too much

A sender that stops raises no error. \`expect\` in the source's file says what it usually sends
([configuration](configuration.md#what-a-source-is-expected-to-send)):

| \`expect:\` | Told when | After |
|---|---|---|
| \`every: 2h\` | no event came for two hours | two hours |
| \`volume: 0.2..5\` | a full hour has less than a fifth, or more than five times, of the events of the same hour a week before | up to 130 minutes |

Each has an alarm of its own for the source, [source-silent](runbooks/source-silent.md) and
[volume-unusual](runbooks/volume-unusual.md), and a finding of \`doctor\`. Neither stops or refuses an
event. \`volume\` notices what \`every\` does not: half of the types missing, or a loop at the sender.

These pages are made from the definitions in \`shared/core/sources\` by \`npm run docs\`; a test compares them.
`;
}

const enforcedInShort = { on: 'yes', off: 'no', once_set: 'once a secret is set' } as const;

function keyInShort({ kind, guide }: GuidedKind): string {
  const [short = ''] = guide.key.split(/;|, the same on/);
  return kind.idempotencyKeyPaths.length === 0 ? 'none' : short;
}

function copiesInShort({ idempotencyKeyPaths, settings }: SourceKind): string {
  if (idempotencyKeyPaths.length === 0) return '–';
  return settings.idempotency ? `${settings.windowHours} h` : `${settings.windowHours} h, once on`;
}

function proof({ kind, guide }: GuidedKind): string {
  if (kind.signs) return 'signature';
  return guide.secret === undefined ? 'the URL alone' : 'shared secret';
}

const width = 100;

function kindPage(guided: GuidedKind): string {
  const { kind, guide } = guided;
  const [selected, optional] = [false, true].map((wanted) =>
    guide.defaultMappings.filter((one) => (one.optional ?? false) === wanted),
  ) as [DefaultMapping[], DefaultMapping[]];
  const blocks = [
    `# ${kind.title}`,
    `${guide.about} ([what it sends](${kind.docs}))`,
    '## Set up',
    `\`npx signalbox sources add ${kind.id}\` writes \`infra/config/sources/${kind.id}.yaml\` and goes through these steps with the URL filled in. A second source of this kind takes \`--key\` and a name of its own.`,
    guide.setup.map((step, i) => `${i + 1}. ${filled(step, kind)}`).join('\n'),
    ...(guide.templates ?? []).flatMap(({ title, language, text }, i) => [
      ...(i === 0 ? ['### Templates'] : []),
      `${title}:`,
      fence(language, text),
    ]),
    '## Verification',
    verification(guided),
    '## What events become',
    [
      `- **Event type**: ${guide.eventType.rule} ${guide.eventType.examples.length === 1 ? 'Example' : 'Examples'}: ${guide.eventType.examples.map((type) => `\`${type}\``).join(', ')}.`,
      `- **Idempotency key**: ${guide.key}. ${copies(kind)}`,
      ...(kind.settings.identify || kind.single
        ? []
        : [`- **Identify** events run nothing until \`npx signalbox settings set ${kind.id} --identify on\`.`]),
      ...(kind.batchWrapper
        ? [
            `- **Batches**: each element of a list is an event, and so is each element of \`${kind.batchWrapper.list.join('.')}\` in an object.`,
          ]
        : []),
      ...(kind.redact
        ? [`- **Never stored**: the values of ${kind.redact.map((name) => `\`${name}\``).join(' and ')}.`]
        : []),
    ].join('\n'),
    ...example(guided),
    '## Default mappings',
    selected.length === 0
      ? 'None. Write your own.'
      : fence('yaml', `mappings:\n${selected.map(mappingText).join('\n\n')}`),
    ...(optional.length === 0
      ? []
      : [
          'The file also holds these as comments. Uncomment the ones you want:',
          fence('yaml', `mappings:\n${optional.map(mappingText).join('\n\n')}`),
        ]),
    '## What each answer means',
    `${guide.behaviour.timeout} ${guide.behaviour.retries} ${guide.behaviour.drops}`,
    answers(guided),
    ...destination(guided),
    ...(guide.pitfalls.length === 0
      ? []
      : ['## Good to know', guide.pitfalls.map((pitfall) => `- ${filled(pitfall, kind)}`).join('\n')]),
    ...(guide.inDepth
      ? [`More, step by step, with common problems: [${guide.inDepth.title}](../${guide.inDepth.page}).`]
      : []),
  ];
  return `${blocks.map(wrapped).join('\n\n')}\n`;
}

/** How the vendor's destination is set up that calls methods. */
function destination({ kind, guide: { destination: guide } }: GuidedKind): string[] {
  if (guide === undefined) return [];
  return [
    `## ${guide.title}`,
    `${guide.about} ([its protocol](${guide.docs}))`,
    guide.setup.map((step, i) => `${i + 1}. ${filled(step, kind)}`).join('\n'),
    'What it shows there:',
    guide.shows.map(({ press, shows }) => `- **${press}**: ${filled(shows, kind)}`).join('\n'),
  ];
}

/** A text of a guide with what stands in it for the source's own. */
const filled = (text: string, { id }: SourceKind) =>
  text
    .replaceAll('{url}/rpc', `\`https://…/v1/sources/${id}/TOKEN/rpc\``)
    .replaceAll('{url}', `\`https://…/v1/sources/${id}/TOKEN\``)
    .replaceAll('{key}', id)
    .replaceAll('{environment}', 'development');

function copies({ id, idempotencyKeyPaths, settings }: SourceKind): string {
  if (idempotencyKeyPaths.length === 0) return 'Every copy of an event runs.';
  const within = `A copy within ${settings.windowHours} hours of the first is logged \`idempotent\` and runs no action`;
  return settings.idempotency
    ? `${within}.`
    : `${within}, once checks are on: \`npx signalbox settings set ${id} --idempotency on\`.`;
}

const fence = (language: string, text: string) => [`\`\`\`${language}`, text, '```'].join('\n');

/** Words, of which a span of code is one: a command or a piece of YAML is copied whole. */
const wordsOf = (line: string): string[] => line.match(/(?:`[^`]*`|[^\s`])+/g) ?? [''];

/** Lines of prose no longer than the other pages'. */
function wrapped(block: string): string {
  if (block.startsWith('```') || block.startsWith('|') || block.startsWith('#')) return block;
  let isFenced = false;
  return block
    .split('\n')
    .map((line) => {
      const isFence = line.startsWith('```');
      if (isFence) isFenced = !isFenced;
      if (isFenced || isFence) return line;
      const indent = /^(\d+\. |- )/.exec(line)?.[0].length ?? 0;
      const lines: string[] = [];
      for (const word of wordsOf(line)) {
        const last = lines.at(-1);
        if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
        else lines.push(lines.length === 0 ? word : ' '.repeat(indent) + word);
      }
      return lines.join('\n');
    })
    .join('\n');
}

function verification({ kind, guide }: GuidedKind): string {
  const { verifier, settings, id, title } = kind;
  if (guide.secret === undefined)
    return `Requests are not checked: ${verifier.instruction}. The URL is the only credential, so keep it secret.`;
  const set = `\`npx signalbox secrets set ${id}\` sets the secret here. \`npx signalbox secrets rotate ${id}\` sets a new one beside it, and both count until the old one is retired.`;
  const from = {
    vendor: `${title} makes the secret and shows it in ${guide.secret.where}.`,
    generated: `\`npx signalbox sources add ${id}\` makes the secret and shows it once. It goes into ${guide.secret.where}.`,
    chosen: `Choose any long random text as the secret. It goes into ${guide.secret.where}.`,
  }[guide.secret.from];
  // Of a kind that checks nothing itself, the file says how.
  if (verifier.credentialHeaders.length === 0)
    return `Until the source's file declares \`verification\`, requests are not checked and the URL is the only credential. A declared check is enforced: a request that does not verify is answered 401, and every request is answered 503 until the secret is set. ${from} ${set}`;
  const [key] = kind.idempotencyKeyPaths;
  const replayed =
    verifier.toleranceSeconds !== undefined
      ? `A request that was signed more than ${verifier.toleranceSeconds} seconds ago, or that far ahead of our clock, is refused.`
      : key !== undefined && coverageOf(verifier, key) === 'unsigned'
        ? 'The signature covers neither the time nor the id, so someone who has seen a request can send its body again.'
        : 'The signature holds no time. An old request that is sent again is recognised by its idempotency key.';
  const enforced = {
    on: 'A request that does not verify is answered 401. Until a secret is set here, every request is answered 503, which the sender retries; `npx signalbox config validate` reports it before.',
    off: `The result is recorded with each event. No request is refused until \`npx signalbox settings set ${id} --enforce on\`.`,
    once_set:
      'Until a secret is set here, no request is refused. From then on a request that does not verify is answered 401.',
  }[settings.enforcement];
  return [
    `A request is proven like this: ${verifier.instruction}.`,
    ...(kind.signs ? [replayed] : []),
    enforced,
    from,
    set,
  ].join(' ');
}

const nowMs = Date.parse('2026-11-21T03:14:06.871Z');
const user = { id: 'usr_8841', name: 'Lena Orchard', email: 'lena@orchard.example' };

/** Gives the same samples every time, so that a page changes only when its kind does. */
function maker(): SampleMaker {
  let made = 0;
  return {
    uuid: () => `0b0f4a52-2c83-4f8e-9a53-${String(++made).padStart(12, '0')}`,
    int: (min) => min,
    nowMs,
  };
}

/** As a shell takes it: `$pageview` would be a variable. */
const shellWord = (text: string) => (/^[\w./:-]+$/.test(text) ? text : `'${text}'`);

function example({ kind, guide }: GuidedKind): string[] {
  const [{ eventType } = { eventType: '' }] = guide.samples.mix;
  const sample = guide.samples.ofType(eventType, user, maker());
  if (sample === undefined) return [];
  const text = bodyText(sample);
  const split = splitEvents(text, kind.batchWrapper);
  const [event] = split.kind === 'events' ? split.events : [];
  if (event === undefined) throw new Error(`the sample of ${kind.id} is not an event`);
  const headers = { ...sample.headers };
  const normalized = normalizeEvent(
    rawEvent(undefined, {
      receivedAtMs: nowMs,
      payload: packEventText({ headers, body: redactMembers(event.text, kind.redact ?? []) }),
    }),
    SourceFile.parse({ kind: kind.id, name: kind.title }),
    SourceState.parse({}),
  );
  if (normalized.kind === 'rejected') throw new Error(`${kind.id}: ${normalized.detail}`);
  const { eventType: type, userId, keyCandidate, data, preprocess } = normalized.event;
  const read = {
    event_type: type,
    user_id: userId ?? null,
    key: keyCandidate ?? null,
    data,
    ...(Object.keys(preprocess).length > 0 && { preprocess }),
  };
  const shown = Object.entries(sample.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return [
    `A sample, as \`npx signalbox send ${kind.id} --type ${shellWord(type)}\` posts it:`,
    fence('json', [...shown.map((line) => `// ${line}`), JSON.stringify(JSON.parse(text), null, 2)].join('\n')),
    'It is read as:',
    fence('json', JSON.stringify(read, null, 2)),
  ];
}

const bodyText = ({ body }: Sample) => (typeof body === 'string' ? body : JSON.stringify(body));

function mappingText({ about, mapping }: DefaultMapping): string {
  const comment = wrapped(about)
    .split('\n')
    .map((line) => `  # ${line}`);
  return [...comment, ...mappingYaml(mapping).map((line) => `  ${line}`)].join('\n');
}

const reasons: readonly { status: number; why: string; remedy: string }[] = [
  { status: 400, why: 'no JSON, not UTF-8, empty, nested too deeply', remedy: "the answer's `detail` says where" },
  {
    status: 401,
    why: 'verification is enforced and fails',
    remedy: 'compare the secret; `npx signalbox secrets rotate {key}` keeps the old one valid beside a new one',
  },
  { status: 404, why: 'no source at this URL, or its token is wrong', remedy: 'copy the URL again' },
  { status: 405, why: 'not POST', remedy: 'set the method to POST' },
  { status: 413, why: 'over 4 MB, over 10,000 events, or one event too large', remedy: 'send less at once' },
  { status: 415, why: 'compressed with something other than gzip', remedy: 'send plain or gzip' },
  { status: 429, why: "more requests than the environment's `throttle` takes", remedy: 'raise it, if it lasts' },
  {
    status: 503,
    why: 'our trouble, or enforcement without a secret',
    remedy: '[requests-failed](../runbooks/requests-failed.md)',
  },
];

function answers({ kind, guide }: GuidedKind): string {
  const again = (status: number) => {
    const answer = guide.behaviour.sendsAgainAfter(status);
    return answer === 'unknown' ? 'not documented' : answer ? 'sends it again' : 'drops it';
  };
  const isRelevant = ({ status }: (typeof reasons)[number]) => status !== 401 || guide.secret !== undefined;
  return [
    `| Answer | Why | ${kind.title} | What to do |`,
    '|---|---|---|---|',
    `| ${kind.answer === 'no_content' ? '204' : '200'} | safe in the queue, whatever comes of it | done | \`npx signalbox why ID\` |`,
    ...reasons
      .filter(isRelevant)
      .map(({ status, why, remedy }) => `| ${status} | ${why} | ${again(status)} | ${filled(remedy, kind)} |`),
  ].join('\n');
}
