import { createHash } from 'node:crypto';
import type {
  LinkedCounts,
  LinkedEvent,
  LinkedPayload,
  LinkedSource,
} from '../../shared/operations/links/linked-source.ts';
import {
  eventReasonTexts,
  ofPasted,
  type ReasonText,
  refusalTexts,
  textOfReason,
} from '../../shared/operations/links/reason-texts.ts';
import type { TriedPayload } from '../../shared/operations/links/try-payload.ts';
import type { DryRunMappingRow, DryRunRow } from '../../shared/operations/mappings/dry-run-rows.ts';
import { formatAgo, formatTime } from '../../shared/operations/words/times.ts';
import type { SourceLink } from '../../shared/ports/source-links.ts';
import { foreign, type Html, html, Html as Markup, withCode } from './html.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** Everything that one view of the page shows. */
export type View = {
  link: Pick<SourceLink, 'guide' | 'payloads' | 'expiresAtMs'>;
  source: LinkedSource;
  /** Undefined: they cannot be read now. */
  counts: LinkedCounts | undefined;
  /** `shown`: it was asked for. `unasked`: the link shows it when asked. */
  url: { kind: 'shown'; text: string } | { kind: 'unasked' | 'not_in_link' | 'replaced' };
  /** With a link that shows payloads, the event that was asked for; null: there is none. */
  event?: LinkedPayload | null;
  tried?: { text: string; result: TriedPayload };
  nowMs: number;
};

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing may be loaded from anywhere, and no script or style runs but the page's own two. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  'img-src data:',
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

function whole(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex,nofollow">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
<div id="page">${body}</div>
</body>
</html>
`.markup;
}

/** A page that says one thing, for every request that gets no view. */
export function noticePage(title: string, text: string): string {
  return whole(title, html`<header><h1>${title}</h1></header><main><section><p>${text}</p></section></main>`);
}

export function viewPage(view: View): string {
  const { link, source, nowMs } = view;
  const body = html`<a class="skip" href="#main">To the content</a>
<header>
<h1>${link.guide.title} <span class="env">${source.environment}</span></h1>
<p class="soft">Source <code>${source.key}</code>. This page only shows: it changes nothing. It works until ${time(link.expiresAtMs, nowMs)}.</p>
<p id="fresh" class="fresh small soft" role="status">Seen ${time(nowMs, nowMs)}. <a data-plain href="?">Look again</a></p>
</header>
<main id="main">
${state(view)}
${traffic(view)}
${setup(view)}
${events(view)}
${event(view)}
${refusals(view)}
${types(view)}
${trial(view)}
</main>
<footer class="small soft"><p>Times are UTC. What events hold is ${link.payloads ? 'shown, since this link was made so' : 'not shown'}.</p></footer>
<script>${new Markup(script)}</script>`;
  return whole(`${link.guide.title} (${source.key})`, body);
}

function time(atMs: number, nowMs: number): Html {
  const text = Math.abs(nowMs - atMs) < 2 * 86_400_000 ? clockTime(atMs) : `${formatTime(atMs).slice(0, 16)} UTC`;
  return html`<time datetime="${new Date(atMs).toISOString()}" title="${formatTime(atMs)}">${text}</time>`;
}

const clockTime = (atMs: number) => `${formatTime(atMs).slice(11, 19)} UTC`;

function ago(atMs: number, nowMs: number): Html {
  return html`<time datetime="${new Date(atMs).toISOString()}" title="${formatTime(atMs)}">${formatAgo(atMs, nowMs)}</time>`;
}

const number = (count: number) => count.toLocaleString('en-US');

type Standing = { look: 'ok' | 'warn' | 'bad' | 'calm'; lead: string; more: Html };

function state(view: View): Html {
  const { look, lead, more } = standing(view);
  return html`<section id="state" class="${look}" data-live aria-label="In short"><div class="state"><span class="dot" aria-hidden="true"></span><div><p class="lead">${lead}</p><p class="soft">${more}</p></div></div></section>`;
}

function standing({ source, counts, nowMs }: View): Standing {
  const askHere = html`Ask the person who gave you this link.`;
  if (source.state === 'gone') return { look: 'bad', lead: 'This source is not set up any more.', more: askHere };
  const refused = counts === undefined ? 0 : counts.day.refused + counts.day.unanswered;
  const [newest] = source.events;
  const lastMs = newest?.receivedAtMs ?? source.lastEventAtMs;
  if (source.state === 'off')
    return {
      look: 'warn',
      lead: 'This source is switched off.',
      more: html`Events are taken and kept, and nothing runs for them. ${askHere}`,
    };
  if (lastMs === undefined)
    return refused > 0
      ? {
          look: 'bad',
          lead: 'Requests come in, and all are refused.',
          more: html`<a href="#refusals">See why</a>, and what to change.`,
        }
      : {
          look: 'calm',
          lead: 'No event has come in yet.',
          more: html`<a href="#setup">Set up the sender</a>, then send a test event from it. It is shown here within seconds.`,
        };
  const last = html`The last one came ${ago(lastMs, nowMs)}.`;
  // To the minute, rounded down: an event of the same minute counts as the later one.
  const refusedMs = Math.max(0, ...(counts?.refusals ?? []).map(({ last_at }) => Date.parse(last_at)));
  if (refused > 0 && refusedMs > lastMs)
    return {
      look: 'bad',
      lead: 'The last requests were refused.',
      more: html`<a href="#refusals">See why</a>, and what to change. The last event came ${ago(lastMs, nowMs)}.`,
    };
  if (nowMs - lastMs > 3_600_000) return { look: 'calm', lead: 'It is quiet.', more: last };
  const without = source.events.filter(({ status }) => status !== 'processed' && status !== 'idempotent').length;
  if (source.events.length > 0 && without === source.events.length)
    return {
      look: 'warn',
      lead: 'Events come in, and nothing runs for the last ones.',
      more: html`${last} The list below says why.`,
    };
  return { look: 'ok', lead: 'Events come in.', more: last };
}

const countLabels = {
  accepted: 'Accepted',
  processed: 'Processed',
  unmapped: 'Unmapped',
  copies: 'Copies',
  rejected: 'Rejected',
  failed: 'Failed',
} as const;

function traffic({ counts }: View): Html {
  if (counts === undefined)
    return html`<section id="traffic" data-live><h2>Last 24 hours</h2><p class="soft">The counts cannot be read at the moment. The events below are up to date.</p></section>`;
  const { day, minutes } = counts;
  const numbers = Object.entries(countLabels).map(
    ([name, label]) => html`<div><dt>${label}</dt><dd>${number(day[name as keyof typeof countLabels])}</dd></div>`,
  );
  const accepted = minutes.reduce((sum, minute) => sum + minute.accepted, 0);
  const refused = minutes.reduce((sum, minute) => sum + minute.refused, 0);
  const most = Math.max(...minutes.map((minute) => minute.accepted + minute.refused));
  const summary = `Per minute, in the last hour: ${number(accepted)} events accepted, ${number(refused)} requests refused; at most ${number(most)} in one minute`;
  return html`<section id="traffic" data-live>
<h2>Last 24 hours</h2>
<dl class="counts">${numbers}<div><dt>Refused</dt><dd>${number(day.refused + day.unanswered)}</dd></div></dl>
<figure>
<svg viewBox="0 0 600 100" preserveAspectRatio="none" role="img" aria-label="${summary}">${minutes.map((minute, i) => bars(minute, i, most))}<line class="axis" x1="0" x2="600" y1="99.5" y2="99.5"/></svg>
<figcaption><span>an hour ago</span><span>${most === 0 ? 'none per minute' : `at most ${number(most)} per minute`}</span><span>now</span></figcaption>
</figure>
<p class="small soft">Counts can be three minutes late.</p>
</section>`;
}

function bars({ accepted, refused }: LinkedCounts['minutes'][number], i: number, most: number): Html | undefined {
  if (accepted + refused === 0) return undefined;
  const height = (count: number) => (count === 0 ? 0 : Math.max(2, (count / most) * 96));
  const up = height(accepted);
  const down = height(refused);
  const bar = (kind: string, tall: number, below: number) =>
    tall === 0
      ? undefined
      : html`<rect class="${kind}" x="${i * 10 + 1}" y="${(99 - below - tall).toFixed(1)}" width="8" height="${tall.toFixed(1)}"/>`;
  return html`${bar('bar', up, 0)}${bar('bar bad', down, up)}`;
}

function setup(view: View): Html {
  const { link, source } = view;
  const { guide } = link;
  const isNew = source.lastEventAtMs === undefined || view.url.kind === 'shown';
  const steps = guide.steps.map((step) => html`<li>${withCode(step.replaceAll('{url}', 'the URL above'))}</li>`);
  const isOurs = guide.steps.some((step) => step.includes('npx signalbox'));
  return html`<section id="setup"><details${isNew ? new Markup(' open') : undefined}><summary>Where to send, and how</summary>
<p>${guide.about}</p>
<div id="url">${url(view)}</div>
<ol>${steps}</ol>
${guide.secretWhere === undefined ? undefined : html`<p>The secret: ${withCode(guide.secretWhere)}.</p>`}
${isOurs ? html`<p class="soft">Commands that begin with <code>npx signalbox</code> are for the person who gave you this link.</p>` : undefined}
${guide.templates.map(({ title, text }, i) => html`<h3>Template ${i + 1}. ${title}</h3><pre tabindex="0">${text}</pre>`)}
</details></section>`;
}

function url({ url: shown, source }: View): Html {
  const masked = html`<pre>POST …/v1/sources/${source.key}/••••••••</pre>`;
  switch (shown.kind) {
    case 'shown':
      return html`<p>Send with POST to this URL. It is a credential: knowing it is enough to send events.</p><pre id="url-text" tabindex="0">${shown.text}</pre><button type="button" data-copy="url-text" data-script hidden>Copy</button>`;
    case 'unasked':
      return html`${masked}<form method="post" action="#setup" data-into="url"><input type="hidden" name="show" value="url"><button>Show the whole URL</button></form>`;
    case 'not_in_link':
      return html`${masked}<p class="soft">This link does not hold the whole URL. Ask the person who gave it to you.</p>`;
    default:
      return html`${masked}<p>The URL was replaced after this link was made. Ask the person who gave it to you for a new link.</p>`;
  }
}

const statusWords: Record<LinkedEvent['status'], { word: string; look: string }> = {
  processed: { word: 'processed', look: 'ok' },
  no_mapping: { word: 'no mapping', look: 'warn' },
  idempotent: { word: 'copy', look: 'calm' },
  rejected: { word: 'rejected', look: 'bad' },
  failed: { word: 'failed', look: 'bad' },
  held: { word: 'held', look: 'calm' },
  discarded: { word: 'discarded', look: 'calm' },
};

function mark(status: LinkedEvent['status']): Html {
  const { word, look } = Object.hasOwn(statusWords, status) ? statusWords[status] : { word: status, look: 'calm' };
  return html`<span class="mark ${look}">${word}</span>`;
}

function explained({ means, change }: ReasonText, reason: string): Html {
  return html`${withCode(means)}${change === undefined ? undefined : html` <span class="soft">${withCode(change)}</span>`} <code>${reason}</code>`;
}

function events({ source, link, nowMs }: View): Html {
  const rows = source.events.map(
    (one) => html`<tr>
<td class="when">${ago(one.receivedAtMs, nowMs)}</td>
<td>${one.eventType === undefined ? html`<span class="soft">no type</span>` : foreign(one.eventType)}</td>
<td>${mark(one.status)}${one.reason === undefined ? undefined : html` <code>${one.reason}</code>`}</td>
${link.payloads ? html`<td class="open"><a data-event href="?event=${one.id}#event">Open<span class="hidden"> the event of ${formatTime(one.receivedAtMs)}</span></a></td>` : undefined}
</tr>`,
  );
  if (rows.length === 0) {
    const old =
      source.lastEventAtMs === undefined
        ? html`None yet. Send a test event from your sender: it is shown here within seconds.`
        : html`None in the last seven days. The last one came ${time(source.lastEventAtMs, nowMs)}.`;
    return html`<section id="events" data-live><h2>Last events</h2><p class="soft">${old}</p></section>`;
  }
  const head = html`<tr><th scope="col">Received</th><th scope="col">Type</th><th scope="col">Ended as</th>${link.payloads ? html`<th><span class="hidden">What it holds</span></th>` : undefined}</tr>`;
  return html`<section id="events" data-live><h2>Last events</h2>
<table><thead>${head}</thead><tbody>${rows}</tbody></table>${reasonsOf(source.events)}</section>`;
}

/** Each reason once, below the list: the same words in every row would hide the rows. */
function reasonsOf(listed: LinkedEvent[]): Html | undefined {
  const reasons = [...new Set(listed.flatMap(({ reason }) => reason ?? []))];
  if (reasons.length === 0) return undefined;
  const rows = reasons.map((reason) => {
    const { means, change } = textOfReason(eventReasonTexts, reason);
    return html`<li><code>${reason}</code> ${withCode(means)}${change === undefined ? undefined : html`<br><span class="soft">${withCode(change)}</span>`}</li>`;
  });
  return html`<h3 class="why">Why, and what to change</h3><ul class="plain">${rows}</ul>`;
}

/** Of a payload, what a page can bear. */
const payloadCharactersMax = 40_000;

function event({ event: one, nowMs }: View): Html {
  if (one === undefined) return html`<div id="event"></div>`;
  if (one === null)
    return html`<section id="event"><h2>One event</h2><p>There is no such event of this source any more.</p></section>`;
  const isCut = one.text.length > payloadCharactersMax;
  return html`<section id="event"><h2>The event of ${time(one.receivedAtMs, nowMs)}</h2>
<p>${mark(one.status)} ${one.reason === undefined ? undefined : explained(textOfReason(eventReasonTexts, one.reason), one.reason)}</p>
${one.detail === undefined ? undefined : html`<p>${foreign(one.detail, 500)}</p>`}
<pre tabindex="0">${isCut ? one.text.slice(0, payloadCharactersMax) : one.text}</pre>
${isCut ? html`<p class="soft">Cut after ${number(payloadCharactersMax)} characters of ${number(one.text.length)}.</p>` : undefined}
<p class="small soft">Event <code>${one.id}</code></p></section>`;
}

function refusals({ counts, nowMs }: View): Html {
  if (counts === undefined) return html`<section id="refusals" data-live hidden></section>`;
  const rows = counts.refusals.map(({ reason, count, last_at, example }) => {
    const { means, change } = textOfReason(refusalTexts, reason);
    return html`<li><strong>${number(count)} ×</strong> ${withCode(means)} <span class="soft">Last ${ago(Math.min(nowMs, Date.parse(last_at)), nowMs)}.</span><br>${change === undefined ? undefined : withCode(change)} <span class="small soft"><code>${reason}</code>${example === null ? undefined : html`, for example request <code>${example.request_id}</code>`}</span></li>`;
  });
  return html`<section id="refusals" data-live><h2>Refused requests</h2>${
    rows.length === 0
      ? html`<p class="soft">None in the last 24 hours. A request to a wrong URL is no request to this source, and is not counted here.</p>`
      : html`<ul class="plain">${rows}</ul>`
  }</section>`;
}

const typesMax = 100;

function types({ source, nowMs }: View): Html {
  const rows = source.types.slice(0, typesMax).map((one) => {
    const does =
      one.active_mappings > 0
        ? html`<span class="mark ok">mapped</span>`
        : one.mapped
          ? html`<span class="mark calm">switched off</span>`
          : html`<span class="mark warn">not mapped</span>`;
    const near =
      one.near === null
        ? undefined
        : one.seen
          ? html`<br><span class="soft">Nearly the name of a mapped type that never came: ${foreign(one.near)}. Capitals and spaces count.</span>`
          : html`<br><span class="soft">What came is called ${foreign(one.near)}. Capitals and spaces count.</span>`;
    const seen =
      one.last_seen_at === null ? html`<span class="soft">never came</span>` : ago(Date.parse(one.last_seen_at), nowMs);
    return html`<tr><td>${foreign(one.type)}${near}</td><td>${does}</td><td class="when">${seen}</td></tr>`;
  });
  const more = source.types.length - rows.length;
  return html`<section id="types" data-live><h2>Event types</h2>${
    rows.length === 0
      ? html`<p class="soft">None yet. Each type is listed here once its first event came, with whether anything is made of it.</p>`
      : html`<table><thead><tr><th scope="col">Type</th><th scope="col">Here</th><th scope="col">Last seen</th></tr></thead><tbody>${rows}</tbody></table>`
  }${more > 0 ? html`<p class="soft">And ${number(more)} more.</p>` : undefined}<p class="small soft">Last seen is to the hour.</p></section>`;
}

function trial({ tried, source }: View): Html {
  return html`<section id="try"><h2>Try a payload</h2>
<p class="soft" id="try-about">Paste what your sender would post. You are told what would become of it. Nothing is stored and nothing runs; signatures and copies are not checked.</p>
<form method="post" action="#try" data-into="tried"><label for="payload">Payload, as JSON</label>
<textarea id="payload" name="payload" spellcheck="false" autocomplete="off" maxlength="200000" aria-describedby="try-about">${tried === undefined ? undefined : new Markup('\n')}${tried?.text}</textarea>
<p><button>Say what would become of it</button></p></form>
<div id="tried">${tried === undefined ? undefined : triedResult(tried.result, source)}</div></section>`;
}

function triedResult(result: TriedPayload, source: LinkedSource): Html {
  switch (result.kind) {
    case 'empty':
      return html`<p>There is nothing to try. Paste a payload first.</p>`;
    case 'too_long':
      return html`<p>That is more than can be tried here. Paste a single event.</p>`;
    case 'gone':
      return html`<p>The source <code>${source.key}</code> is not set up any more.</p>`;
    case 'refused': {
      const { means, change } = ofPasted(textOfReason(refusalTexts, result.reason));
      return html`<p><span class="mark bad">refused</span> ${means} ${foreign(result.detail, 500)}</p>${change === undefined ? undefined : html`<p class="soft">${withCode(change)}</p>`}<p class="small soft"><code>${result.reason}</code></p>`;
    }
    default:
      if (result.events.length === 0)
        return html`<p>It holds no events: the list is empty. The request would be accepted, and nothing would come of it.</p>`;
      return html`${result.events.map((one, i) => triedEvent(one, i, result.events.length + result.more))}${
        result.more > 0 ? html`<p class="soft">${number(result.more)} further events are not shown.</p>` : undefined
      }`;
  }
}

function triedEvent(row: DryRunRow, i: number, of: number): Html {
  const { status, reason } = row;
  // The event would be processed, and each of its actions would end at once.
  const isInVain = status === 'processed' && !row.mappings.some(({ outcome }) => outcome?.status === 'runs');
  const facts = [
    ['Type', row.type],
    ['User', row.user_id],
    ['Key', row.key.value],
  ] as const;
  return html`<div class="tried">${of > 1 ? html`<h3>Event ${i + 1} of ${of}</h3>` : undefined}
<p>${isInVain ? html`<span class="mark warn">processed, without any effect</span>` : mark(status)} ${reason === null ? undefined : explained(ofPasted(textOfReason(eventReasonTexts, reason)), reason)}</p>
${row.detail === null ? undefined : html`<p>${foreign(row.detail, 500)}</p>`}
<p class="facts">${facts.map(([name, value]) => html`<span><span class="soft">${name}:</span> ${value === null ? html`<span class="soft">none</span>` : foreign(value)}</span>`)}</p>
${row.key.value === null ? html`<p class="soft">Without a key no copy is recognised: an event that is sent twice runs twice.</p>` : undefined}
${row.mappings.length === 0 ? undefined : html`<ul class="plain">${row.mappings.map(triedMapping)}</ul>`}</div>`;
}

function triedMapping(row: DryRunMappingRow): Html {
  const { outcome } = row;
  const [look, word] =
    outcome === null
      ? (['warn', 'does not run'] as const)
      : outcome.status === 'runs'
        ? (['ok', 'runs'] as const)
        : (['bad', outcome.status] as const);
  const unmet = row.conditions.filter(({ holds }) => !holds);
  const problems =
    outcome?.errors.map(({ field, message }) => (message.startsWith(field) ? message : `${field}: ${message}`)) ?? [];
  const sentences = problems.length > 0 ? problems : outcome?.detail == null ? [] : [outcome.detail];
  return html`<li>Mapping <code>${row.mapping}</code> (${row.action}): <span class="mark ${look}">${word}</span> ${outcome === null ? verdictWords[row.verdict] : undefined}${outcome?.reason == null ? undefined : html`<code>${outcome.reason}</code>`}
${unmet.map(({ path, detail }) => html`<br><span class="soft">${detail === null ? html`<code>${path}</code>` : foreign(detail, 300)}</span>`)}
${sentences.map((sentence) => html`<br><span class="soft">${foreign(sentence, 300)}</span>`)}</li>`;
}

const verdictWords: Record<DryRunMappingRow['verdict'], string> = {
  runs: '',
  identify_disabled: 'Identify events are switched off here.',
  mapping_inactive: 'The mapping is switched off here.',
  conditions_not_met: 'A condition does not hold.',
  not_verified: 'It deletes, and needs proof of who sent it.',
  source_disabled: 'The source is switched off here.',
};
