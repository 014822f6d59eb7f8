import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { isJsonObject, type JsonObject, parseJson } from '../../../shared/core/json/values.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { failure, notFound, type Refusal, usageError } from '../../../shared/operations/refusal.ts';
import {
  followTestRun,
  startTestRun,
  type TestRunRefused,
  type TestRunRow,
  testRunRow,
} from '../../../shared/operations/runs/test-run.ts';
import { plural, printable } from '../../../shared/operations/words/text.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { inline } from '../../../shared/operations/words/values.ts';
import { currentAuthor } from '../../author.ts';
import { paintRun } from '../actions/table.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';

type RunFlags = {
  recipient: string[];
  data?: JsonObject;
  actor?: string;
  tenant?: string;
  skipDelay?: boolean;
  wait: boolean;
  yes?: boolean;
};

export function registerRun(workflow: Command): void {
  const run = workflow
    .command('run <key>')
    .description('start it for some users through its real target, marked as a test, and show what the target answers')
    .requiredOption(
      '--recipient <id>',
      'a user who gets a run; repeatable',
      (id: string, ids: string[] | undefined) => [...(ids ?? []), id],
    )
    .option('--data <json>', "the trigger's data: a JSON object, or @FILE with one; {} by default", data)
    .option('--actor <id>', 'the user who did it')
    .option('--tenant <id>', 'the tenant that the runs are for')
    .option('--skip-delay', "do not wait for the delay of the workflow's file")
    .option('--no-wait', 'do not wait for what the target answers')
    .option('--yes', 'do not ask, in an environment on AWS')
    .action((key: string, _options, self: Command) => runCommand(key, optionsOf<RunFlags>(self)));
  examples(
    run,
    ['workflow run order-completed --recipient user_42', 'is the target reached, and what does it say?'],
    [`workflow run order-completed --recipient user_42 --data '{"total":27.5}'`, 'with data'],
    ['workflow run order-completed --recipient user_42 --data @order.json -e production', 'asks before it runs'],
  );
}

async function runCommand(workflow: string, options: ReturnType<typeof optionsOf<RunFlags>>): Promise<void> {
  const terminal = processTerminal();
  const { recipient: recipients, data, actor, tenant, skipDelay } = options;
  const environment = await connect(options);
  const { name, where } = environment;
  const what = `run workflow ${workflow} for ${plural(recipients.length, 'recipient')} in ${name} (${where})`;
  if (!environment.local && !options.yes) {
    if (!canAsk()) throw failure(`not asked: ${what}`, '--yes does it without a question');
    if (!(await confirm(`${what}? Its real target is called, with the mark of a test.`)))
      throw failure('nothing was started');
  }
  const author = currentAuthor();
  const started = await startTestRun(environment, { workflow, recipients, data, actor, tenant, skipDelay, author });
  if (started.kind === 'refused') throw refusalOf(started, environment);
  terminal.note(`test run ${started.workflowRunId} of workflow ${workflow} in ${name} (${where})`);
  const row = options.wait
    ? await followTestRun(environment, workflow, started)
    : testRunRow(environment, workflow, started);
  if (options.json) printJson(terminal, row);
  else if (options.wait) print(terminal, row);
  else terminal.out(row.workflow_run_id);
  terminal.note(`\nNext: npx signalbox why ${row.event_id}${onOther(environment)}`);
  if (options.wait && !row.ok) process.exitCode = 1;
}

function print(terminal: Terminal, row: TestRunRow): void {
  const { colours, out } = terminal;
  for (const { recipient, status, target, target_reference, error } of row.runs) {
    const answer = target_reference === null ? '' : `, answer ${inline(target_reference, 1_000)}`;
    out(
      `${printable(recipient)}: ${paintRun(colours, status, status)}, target ${printable(target)}${printable(answer)}`,
    );
    if (error !== null) out(`  ${colours.red(printable(error))}`);
  }
  if (row.ok) return;
  const retry = row.retry_at === null ? '' : `; tried again ${formatWhen(Date.parse(row.retry_at), Date.now())}`;
  out(
    row.status === null
      ? colours.yellow('no function has taken it within 30 s; npx signalbox doctor says why')
      : colours.red(
          printable(`${[row.status, row.reason, row.detail].filter((part) => part !== null).join(': ')}${retry}`),
        ),
  );
  for (const { id } of row.status === 'pending' ? row.runs.filter(({ status }) => status === 'pending') : [])
    terminal.note(`take it back with: npx signalbox runs cancel ${id}`);
}

/** What was wrong, with the way to what would be right. */
function refusalOf(refused: TestRunRefused, environment: Environment): Refusal {
  const on = onOther(environment);
  if ('errors' in refused) {
    const lines = refused.errors.map(({ field, message }) => `${field} ${message}`);
    return refused.reason === 'actor_missing' ? notFound(lines.join('; ')) : usageError(lines.join('; '));
  }
  switch (refused.reason) {
    case 'recipient_missing':
      return notFound(refused.detail, `npx signalbox users list${on} shows who is known`);
    case 'tenant_missing':
      return notFound(refused.detail, `npx signalbox tenants list${on}`);
    case 'workflow_missing':
      return notFound(refused.detail);
    default:
      return failure(refused.detail, 'nothing was started');
  }
}

const onOther = ({ name }: Environment) => (name === 'development' ? '' : ` -e ${name}`);

/** @throws Refusal (invalid) that says where the JSON is wrong, or which file cannot be read */
function data(given: string): JsonObject {
  const text = given.startsWith('@') ? readText(given.slice(1)) : given;
  const what = given.startsWith('@') ? given.slice(1) : '--data';
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw usageError(`${what} is not JSON: ${(error as Error).message}`, `--data '{"total":27.5}', or --data @FILE`);
  }
  if (!isJsonObject(value)) throw usageError(`${what} is JSON, but not an object`, `--data '{"total":27.5}'`);
  return value;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw usageError(`${file} cannot be read${code === 'ENOENT' ? ': there is no such file' : `: ${code}`}`);
  }
}
