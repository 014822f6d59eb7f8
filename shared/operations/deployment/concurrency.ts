import { formatCount } from '../words/text.ts';
import type { AccountConcurrency } from './aws-account.ts';
import type { Commands, Finding } from './finding.ts';
import type { PlannedStack } from './planned-stack.ts';

/**
 * Lambda refuses a reservation that leaves fewer than these for all other functions.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
const keptUnreserved = 100;
/** The quota's value in accounts that were raised from the first 10. */
const usualTotal = 1000;
/** "Concurrent executions" in Service Quotas. */
const quotaCode = 'L-B99A9384';

/**
 * Whether the account has the executions that a stack reserves, and those that its consumers use.
 *
 * @param heldAlready what the stack's functions reserve now, which an update takes over
 */
export function concurrencyFinding(
  { reserved, pollersAtOnceMax, environment }: PlannedStack,
  { total, unreserved }: AccountConcurrency,
  heldAlready: number,
  commands: Commands,
): Finding {
  const wanted = Object.values(reserved).reduce((sum, one) => sum + one, 0);
  // Of an account with fewer, Lambda keeps all.
  const kept = Math.min(keptUnreserved, total);
  const left = unreserved + heldAlready - wanted;
  const have = `the account may run ${formatCount(total)} executions at once here, ${formatCount(unreserved)} of them unreserved`;
  const quota = Math.max(usualTotal, total + Math.max(0, kept - left));
  const raise = commands.aws(
    `service-quotas request-service-quota-increase --service-code lambda --quota-code ${quotaCode} --desired-value ${quota}`,
  );
  if (wanted > 0 && left < kept) {
    return {
      check: 'concurrency',
      level: 'blocks',
      found: `${have}; the template reserves ${formatCount(wanted)}`,
      right: `at least ${formatCount(wanted + keptUnreserved)} unreserved: Lambda keeps ${keptUnreserved} for all functions together`,
      next: [
        raise,
        `until it is granted, leave ingestReservedConcurrency of ${environment} out of infra/environments.ts`,
      ],
    };
  }
  const atOnce = pollersAtOnceMax + wanted;
  if (total < atOnce) {
    return {
      check: 'concurrency',
      level: 'advice',
      found: `${have}; the consumers of the queues use up to ${formatCount(pollersAtOnceMax)}, besides requests`,
      right: `more than ${formatCount(atOnce)}: below that, functions throttle each other when many events come, and senders get 503`,
      next: [raise],
    };
  }
  return { check: 'concurrency', level: 'fine', found: have, next: [] };
}
