import { stringify } from 'yaml';
import { openApiDocument } from '../../functions/api/openapi.ts';
import { routes } from '../../functions/api/routes/index.ts';
import { partsNotOffered } from '../../functions/api/routes/not-offered.ts';

const begin = '<!-- Generated from the routes by `npm run docs`. -->';
const end = '<!-- End of what is generated. -->';

/** docs/openapi.yaml */
export function openApiPage(): string {
  return stringify(openApiDocument(routes), { aliasDuplicateObjects: false });
}

/** docs/api.md with the tables of calls, offered and not. */
export function withCallTables(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error('docs/api.md has lost the marks of its tables');
  return `${before}${begin}\n\n${callTables()}\n${end}${after}`;
}

function callTables(): string {
  const offered = routes.map(({ call, method, path, does }) => `| \`${call}\` | \`${method} ${path}\` | ${does} |`);
  const others = partsNotOffered.map(({ what, calls }) => {
    const names = calls.length === 0 ? 'no call of the official client' : calls.map((call) => `\`${call}\``).join(', ');
    return `| ${what} | ${names} |`;
  });
  return [
    '| Call | Request | What it does |',
    '|---|---|---|',
    ...offered,
    '',
    'Not offered, and answered 404 `not_offered`:',
    '',
    '| What | Calls |',
    '|---|---|',
    ...others,
    '',
  ].join('\n');
}
