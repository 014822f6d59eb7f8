import { stringify } from 'yaml';
import { SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import { splitEvents } from '../../shared/core/ingest/split-events.ts';
import { redactMembers } from '../../shared/core/json/redact-members.ts';
import type { DefaultMapping, GuidedKind, Sample, SampleMaker } from '../../shared/core/sources/guide.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
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

Who can send, and how each kind of sender is set up. A source is one connection: two of one kind are two files with keys of their
own. \`npx signalbox sources add KIND\` writes such a file and says what to do at the vendor; \`npx signalbox sources kinds\` lists the kinds with
what they are read as.

*Enforced* says whether a request that does not prove who sent it is answered 401 before anybody changes that
(\`settings set KEY --enforce\`): a wrong secret costs nothing where the sender tries again, and events where it does not. A copy of an
event counts as one for as long as its sender tries again.
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
      `| [\`${kind.id}\`](sources/${kind.id}.md) | ${kind.title} | ${proof({ kind, guide })} | ${enforcedInShort[kind.settings.enforcement]} | ${guide.key} | ${kind.settings.windowHours} h |`,
  )
  .join('\n')}
`,
  )
  .join('')}
These pages are made from the definitions in \`shared/core/sources\` by \`npm run docs\`; a test compares them.
`;
}

const enforcedInShort = { on: 'yes', off: 'no', once_set: 'once a secret is set' } as const;

function proof({ kind, guide }: GuidedKind): string {
  if (kind.signs) return 'signature';
  return guide.secret === undefined ? 'the URL alone' : 'shared secret';
}

const width = 130;

function kindPage(guided: GuidedKind): string {
  const { kind, guide } = guided;
  const [selected, optional] = [false, true].map((wanted) =>
    guide.defaultMappings.filter((one) => (one.optional ?? false) === wanted),
  ) as [DefaultMapping[], DefaultMapping[]];
  const blocks = [
    `# ${kind.title}`,
    `${guide.about} ([what it sends](${kind.docs}))`,
    '## Set up',
    `\`npx signalbox sources add ${kind.id}\` writes \`infra/config/sources/${kind.id}.yaml\` and goes through these steps with the URL filled in; \`--key\` gives a second source of this kind a name of its own.`,
    guide.setup
      .map(
        (step, i) =>
          `${i + 1}. ${step.replaceAll('{url}', 'the URL').replaceAll('{key}', kind.id).replaceAll('{environment}', 'development')}`,
      )
      .join('\n'),
    '## Verification',
    verification(guided),
    '## What events become',
    [
      `- **Event type**: ${guide.eventType.rule} Examples: ${guide.eventType.examples.map((type) => `\`${type}\``).join(', ')}.`,
      `- **Idempotency key**: ${guide.key}. A copy within ${kind.settings.windowHours} hours of the first is logged \`idempotent\` and runs nothing${kind.settings.idempotency ? '' : '; off until `npx signalbox settings set` switches it on'}.`,
      ...(kind.settings.identify
        ? []
        : ['- **Identify** events run nothing until `npx signalbox settings set` switches them on.']),
      ...(kind.batchWrapper
        ? [
            `- **Batches**: a list, or \`${kind.batchWrapper.list.join('.')}\` of an object, is one event for each element.`,
          ]
        : []),
      ...(kind.redact ? [`- **Never stored**: values of ${kind.redact.map((name) => `\`${name}\``).join(', ')}.`] : []),
    ].join('\n'),
    ...example(guided),
    '## Default mappings',
    selected.length === 0
      ? 'None: what the events mean is yours to say.'
      : fence('yaml', `mappings:\n${selected.map(mappingText).join('\n\n')}`),
    ...(optional.length === 0
      ? []
      : [
          'Written as comments, to be taken when they are of use:',
          fence('yaml', `mappings:\n${optional.map(mappingText).join('\n\n')}`),
        ]),
    '## What each answer means',
    `${kind.title} waits ${guide.behaviour.timeout} for an answer. It sends again after ${guide.behaviour.retries}: ${guide.behaviour.schedule}. It gives up on ${guide.behaviour.drops}.`,
    answers(guided),
    ...(guide.pitfalls.length === 0
      ? []
      : ['## Good to know', guide.pitfalls.map((pitfall) => `- ${pitfall}`).join('\n')]),
    ...(guide.inDepth
      ? [`More, step by step, with common problems: [${guide.inDepth.title}](../${guide.inDepth.page}).`]
      : []),
  ];
  return `${blocks.map(wrapped).join('\n\n')}\n`;
}

const fence = (language: string, text: string) => [`\`\`\`${language}`, text, '```'].join('\n');

/** Lines of prose no longer than the other pages'. */
function wrapped(block: string): string {
  if (block.startsWith('```') || block.startsWith('|') || block.startsWith('#')) return block;
  return block
    .split('\n')
    .map((line) => {
      const indent = /^(\d+\. |- )/.exec(line)?.[0].length ?? 0;
      const lines: string[] = [];
      for (const word of line.split(' ')) {
        const last = lines.at(-1);
        if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
        else lines.push(lines.length === 0 ? word : ' '.repeat(indent) + word);
      }
      return lines.join('\n');
    })
    .join('\n');
}

function verification({ kind, guide }: GuidedKind): string {
  const { enforcement } = kind.settings;
  if (guide.secret === undefined)
    return `Nothing is checked: ${kind.verifier.instruction}. The URL is the only credential, so treat it as one.`;
  const from = {
    vendor: `The secret is ${kind.title}'s: ${guide.secret.where}.`,
    generated: `The secret is made by \`npx signalbox sources add ${kind.id}\`, which shows it once. It goes to ${guide.secret.where}.`,
    chosen: `The secret is any long random text, the same here and there: ${guide.secret.where}.`,
  }[guide.secret.from];
  const tolerance =
    kind.verifier.toleranceSeconds === undefined
      ? 'It holds no time, so an old request can be sent again; its idempotency key is what stops that.'
      : `A request signed more than ${kind.verifier.toleranceSeconds} seconds ago, or ahead of our clock, is refused.`;
  const enforced = {
    on: 'A request that does not verify is answered 401. Without a secret set here it is answered 503, which is our fault and sent again; `npx signalbox config validate` says so before.',
    off: 'The result is noted with each event and nothing is refused until `npx signalbox settings set` says `--enforce on`.',
    once_set:
      'As soon as a secret is set here, a request that does not verify is answered 401; before that nothing is refused.',
  }[enforcement];
  return `What a sender has to do: ${kind.verifier.instruction}. ${kind.signs ? tolerance : ''} ${from} \`npx signalbox secrets set ${kind.id}\` sets it, and with \`--also\` keeps the old one valid while it is replaced. ${enforced}`.replaceAll(
    / {2,}/g,
    ' ',
  );
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

function example({ kind, guide }: GuidedKind): string[] {
  const [{ eventType } = { eventType: '' }] = guide.samples.mix;
  const sample = guide.samples.ofType(eventType, user, maker());
  if (sample === undefined) return [];
  const text = bodyText(sample);
  const split = splitEvents(text, kind.batchWrapper);
  const [event] = split.kind === 'events' ? split.events : [];
  if (event === undefined) throw new Error(`the sample of ${kind.id} is no event`);
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
    `A sample, as \`npx signalbox send ${kind.id} --type ${/^[\w./$:-]+$/.test(type) ? type : `"${type}"`}\` posts it:`,
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
  const yaml = stringify([mapping], { lineWidth: 0, flowCollectionPadding: true }).trimEnd();
  return [...comment, ...yaml.split('\n').map((line) => `  ${line}`)].join('\n');
}

const reasons: readonly { status: number; why: string; remedy: string }[] = [
  { status: 400, why: 'no JSON, not UTF-8, empty, nested too deeply', remedy: "the answer's `detail` says where" },
  {
    status: 401,
    why: 'verification is enforced and fails',
    remedy: 'compare the secret; `npx signalbox secrets set … --also` keeps an old one valid',
  },
  { status: 404, why: 'no source at this URL, or its token is wrong', remedy: 'copy the URL again' },
  { status: 405, why: 'not POST', remedy: 'set the method to POST' },
  { status: 413, why: 'over 4 MB, over 10,000 events, or one event too large', remedy: 'send less at once' },
  { status: 415, why: 'compressed with something other than gzip', remedy: 'send plain or gzip' },
  { status: 429, why: "more requests than the environment's `throttle` takes", remedy: 'raise it, if it lasts' },
  {
    status: 503,
    why: 'our trouble, or enforcement without a secret',
    remedy: '[requests-failed](../alarms.md#requests-failed)',
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
      .map(({ status, why, remedy }) => `| ${status} | ${why} | ${again(status)} | ${remedy} |`),
  ].join('\n');
}
