import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderOf, resourceTypes } from '../../../../shared/core/configuration/resources.ts';
import { Snapshot } from '../../../../shared/core/configuration/schema.ts';
import { readConfigurationFiles } from '../../../../shared/operations/configuration/files/configuration-files.ts';
import { configFolder } from '../../../support/config.ts';
import { makeRandom, pickOne, type Random } from '../../../support/random.ts';

/** Files that are right, torn apart and sewn together again. What is said of each is checked; nothing may be thrown. */
export function readMutations(seed: number, count: number): { wrong: string[]; faultless: number } {
  const random = makeRandom(seed);
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-mutated-'));
  const wrong: string[] = [];
  let faultless = 0;
  try {
    const originals = rightFiles();
    for (const [path, text] of Object.entries(originals)) {
      mkdirSync(join(directory, path, '..'), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const paths = Object.keys(originals);
    for (let i = 0; i < count; i++) {
      const path = pickOne(paths, random);
      const bytes = mutated(originals[path] as string, Object.values(originals), random);
      writeFileSync(join(directory, path), bytes);
      const complaint = complaintOf(directory);
      if (complaint === undefined) faultless++;
      else if (complaint !== 'has problems')
        wrong.push(`mutation ${i} of ${path}: ${complaint}\n${bytes.toString('utf8')}`);
      writeFileSync(join(directory, path), originals[path] as string);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return { wrong, faultless };
}

function rightFiles(): Record<string, string> {
  const files: Record<string, string> = { ...unusual };
  for (const type of resourceTypes) {
    const folder = folderOf(type);
    if (!existsSync(join(configFolder, folder))) continue;
    for (const name of readdirSync(join(configFolder, folder), { withFileTypes: true }).map((entry) => entry.name))
      files[`${folder}/${name}`] = readFileSync(join(configFolder, folder, name), 'utf8');
  }
  for (const name of ['staging', 'production']) files[`environments/${name}.yaml`] = '';
  files['environments/development.yaml'] =
    'sources:\n  odd:\n    enabled: false\n    idempotency: { window_hours: 48 }\n';
  return files;
}

/** Every way to say something that the shipped files have no use for. */
const unusual = {
  'sources/odd.yaml': `kind: http
name: "Odd \\u00e9"
event_type_path: body.type
verification: { kind: hmac, header: x-signature, content: '{timestamp}.{body}', timestamp: { header: x-time } }
preprocess:
  jsonata: |
    { "total": $sum(body.lines.price) }
redact: [password, '*_token']
headers: &kept [x-request-id]
mappings:
  - id: a
    event: order.paid
    action: workflows_trigger
    parameters: &common
      key: odd
      recipients: [{ id: user_id, name: { first: [data.name, { value: "-" }] } }]
      data: { total: preprocess.total, text: { template: "{{data.a}}-{{data.b}}" }, fixed: { value: [1, 2.5, true, null] } }
    when:
      - { path: data.total, gte: 5, lt: 1e6 }
      - { path: data.country, in: [NO, SE] }
  - { id: b, event: order.void, action: workflows_trigger, parameters: *common }
`,
  'workflows/odd.yaml': `name: Odd
delay: 15m
target:
  development: { type: http, url: "https://example.com/x", timeout_seconds: 2, headers: { X-Team: a }, batch: { max: 10 } }
  staging: { type: knock, workflow: odd }
data_schema:
  type: object
  properties: { total: { type: number }, text: { type: string } }
  required: [total]
`,
  'audiences/odd.yaml': 'name: Odd\ndescription: >\n  Several\n  lines\n',
};

const between = (random: Random, from: number, to: number) => from + Math.floor(random() * (to - from + 1));

const pieces = [
  '*a',
  '&a ',
  '*common',
  '&common ',
  '[',
  ']',
  '{',
  '}',
  ': ',
  '- ',
  '\n- ',
  '"',
  "'",
  '!!set ',
  '!x ',
  '<<: *common\n',
  '9007199254740993',
  '1e999',
  '-0',
  '.nan',
  'null',
  '~',
  '__proto__: ',
  'constructor',
  '\u0000',
  '\t',
  '\r',
  '\n',
  '\n---\n',
  '\n...\n',
  '? ',
  '|\n',
  '>\n',
  '# ',
  '%YAML 1.1\n---\n',
  '\ufeff',
  '\u2028',
  '\ud83d\ude00',
  '\\ud800',
  '{{',
  '}}',
  '{ value: ',
  '{ first: [',
  '{ template: ',
  '..',
  '[0]',
  '$',
  '(',
  '*'.repeat(50),
  '['.repeat(200),
  '{ first: ['.repeat(12),
  'x'.repeat(5000),
];

function mutated(text: string, others: string[], random: Random): Buffer {
  let mutant = text;
  for (let round = between(random, 1, 4); round > 0; round--) {
    const [from, to] = [between(random, 0, mutant.length), between(random, 0, mutant.length)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    const lines = mutant.split('\n');
    const line = between(random, 0, lines.length - 1);
    const other = pickOne(others, random).split('\n');
    switch (between(random, 0, 7)) {
      case 0:
        mutant = mutant.slice(0, from) + pickOne(pieces, random) + mutant.slice(from);
        break;
      case 1:
        mutant = mutant.slice(0, from) + mutant.slice(Math.min(to, from + 20));
        break;
      case 2:
        mutant = lines.toSpliced(line, 1).join('\n');
        break;
      case 3:
        mutant = lines.toSpliced(line, 0, pickOne(other, random)).join('\n');
        break;
      case 4:
        mutant = lines.toSpliced(line, 1, `  ${lines[line]}`).join('\n');
        break;
      case 5:
        mutant = lines.toSpliced(line, 1, `${lines[line]?.split(':')[0]}: ${pickOne(pieces, random)}`).join('\n');
        break;
      case 6:
        mutant =
          mutant.slice(0, from) +
          mutant.slice(from, Math.min(to, from + 200)).repeat(between(random, 2, 4)) +
          mutant.slice(from);
        break;
      default: {
        const bytes = Buffer.from(mutant);
        if (bytes.length > 0) bytes[between(random, 0, bytes.length - 1)] = between(random, 0, 255);
        mutant = bytes.toString('latin1');
        return Buffer.from(mutant, 'latin1');
      }
    }
  }
  return Buffer.from(mutant);
}

/** What is wrong with what was said of a folder; undefined where it has no error, and then can be committed. */
function complaintOf(directory: string): string | undefined {
  const startedMs = performance.now();
  let found: ReturnType<typeof readConfigurationFiles>;
  try {
    found = readConfigurationFiles(directory);
  } catch (error) {
    return `threw ${(error as Error).stack}`;
  }
  const elapsedMs = performance.now() - startedMs;
  if (elapsedMs > 5_000) return `took ${elapsedMs} ms`;
  for (const problem of found.problems) {
    const { file, line, column, message } = problem;
    if (!Number.isInteger(line) || !Number.isInteger(column)) return `has no place: ${JSON.stringify(problem)}`;
    if (!file.endsWith('.yaml') || message === '' || /undefined|\[object|NaN(?!\))/.test(message))
      return `is told badly: ${JSON.stringify(problem)}`;
  }
  if (found.problems.some(({ severity }) => severity === 'error')) return 'has problems';
  const again = Snapshot.safeParse(JSON.parse(JSON.stringify(found.snapshot)));
  return again.success ? undefined : `passes, and cannot be stored: ${again.error.message}`;
}
