import { Argument, type Command } from 'commander';
import { type PolicyName, placeOf, policyFor, policyNames } from '../../../shared/operations/policies/policies.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';

export function register(program: Command): void {
  const policy = program
    .command('policy')
    .description('prints the IAM policy of who looks, operates or deploys: exactly the calls that commands make')
    .addArgument(new Argument('<who>', 'what the holder may do').choices(policyNames))
    .action((name: PolicyName, _options, command: Command) => policyCommand(name, optionsOf(command)));
  examples(
    policy,
    ['policy read -e production', 'looks at everything, changes nothing, learns no secret'],
    ['policy operate -e production > operate.json', 'for aws iam create-policy --policy-document file://operate.json'],
    ['policy deploy -e production', 'for the person or the job that runs cdk deploy'],
  );
}

/** IAM JSON is the only form, with and without `--json`. */
async function policyCommand(name: PolicyName, options: GlobalOptions): Promise<void> {
  const { outputs, documents } = await connect(options);
  documents.destroy();
  printJson(processTerminal(), policyFor(name, outputs, placeOf(outputs)));
}
