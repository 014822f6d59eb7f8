// node comment.mjs PLAN.md ["TITLE=FILE"…]: makes the plan the pull request's one comment, or updates the one that is there.
// Each FILE is put below, folded. GitHub Actions sets GITHUB_API_URL and GITHUB_REPOSITORY; the workflow sets the other two.
import { existsSync, readFileSync } from 'node:fs';

const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, PULL_REQUEST } = process.env;
// GitHub takes 65,536 in all.
const planMax = 42_000;
const foldedMax = 20_000;

const [planFile, ...folded] = process.argv.slice(2);
// The first line is the mark of an environment's comment.
const plan = existsSync(planFile) ? readFileSync(planFile, 'utf8').slice(0, planMax) : '';
const [mark = ''] = plan.split('\n');
if (!mark.startsWith('<!-- signalbox plan')) throw new Error(`${planFile} is no plan; the step that makes it says why`);
const body = [plan, ...folded.map(fold)].join('\n');

const comments = `/repos/${GITHUB_REPOSITORY}/issues/${PULL_REQUEST}/comments`;
const found = await findComment();
if (found === undefined) await call('POST', comments, { body });
else await call('PATCH', `/repos/${GITHUB_REPOSITORY}/issues/comments/${found.id}`, { body });
console.log(found === undefined ? 'commented' : `updated comment ${found.id}`);

function fold(argument) {
  const [title, file] = argument.split(/=(.*)/s);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : 'it was not made';
  const shown = text.length <= foldedMax ? text : `${text.slice(0, foldedMax)}\n… cut here`;
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `<details><summary>${title}</summary>\n\n${fence}\n${shown}\n${fence}\n\n</details>\n`;
}

/** Only this workflow's own: a person may quote the mark. */
async function findComment() {
  for (let page = 1; ; page++) {
    const list = await call('GET', `${comments}?per_page=100&page=${page}`);
    const own = list.find(({ user, body }) => user?.type === 'Bot' && body?.startsWith(mark));
    if (own !== undefined || list.length < 100) return own;
  }
}

async function call(method, path, content) {
  const response = await fetch(`${GITHUB_API_URL}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${GITHUB_TOKEN}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      ...(content && { 'content-type': 'application/json' }),
    },
    ...(content && { body: JSON.stringify(content) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
  return response.json();
}
