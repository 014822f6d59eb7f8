import type { DeploymentCheckResult } from '../../../shared/operations/deployment/check-deployment.ts';
import type { Finding, FindingLevel } from '../../../shared/operations/deployment/finding.ts';
import { plural, printable } from '../../../shared/operations/words/text.ts';
import type { Terminal } from '../terminal/terminal.ts';

const titles: Record<FindingLevel, string> = { blocks: 'BLOCKS', advice: 'ADVICE', unknown: 'UNKNOWN', fine: 'fine' };
const indent = ' '.repeat(9);

/** What blocks first, each with what would be right and the next command; then what is fine. */
export function printFindings(terminal: Terminal, result: DeploymentCheckResult): void {
  const { environment, region, account, findings } = result;
  const where = account === null ? region : `account ${account}, ${region}`;
  terminal.out(terminal.colours.bold(`${environment} on AWS (${where})`));
  for (const finding of findings) printFinding(terminal, finding);
  terminal.out('');
  terminal.out(verdict(findings));
}

function printFinding({ out, colours }: Terminal, { check, level, found, right, next }: Finding): void {
  const paint = { blocks: colours.red, advice: colours.yellow, unknown: colours.yellow, fine: colours.green }[level];
  out(`${paint(titles[level].padEnd(indent.length - 1))} ${check}: ${printable(found)}`);
  if (right !== undefined) out(`${indent}right: ${printable(right)}`);
  for (const step of next) out(`${indent}next:  ${printable(step)}`);
}

function verdict(findings: Finding[]): string {
  const count = (level: FindingLevel) => findings.filter((one) => one.level === level).length;
  const unknown = count('unknown');
  const unseen = unknown === 0 ? '' : ` ${plural(unknown, 'check')} could not be made.`;
  if (count('blocks') > 0)
    return `${plural(count('blocks'), 'finding stands', 'findings stand')} in the way of a deploy.${unseen}`;
  return `Nothing stands in the way of a deploy.${unseen}`;
}
