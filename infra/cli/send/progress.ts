import { Presets, SingleBar } from 'cli-progress';
import type { SendOutcome } from '../../../shared/operations/send/outcomes.ts';
import type { SendProgress } from '../../../shared/operations/send/send-all.ts';
import { formatCount, printable } from '../../../shared/operations/words/text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { outcomeText } from './outcome-text.ts';

const lineEveryMs = 2_000;

/**
 * Accepted and final events of a `send`: a bar for a person, a line every two seconds for a log.
 */
export function showProgress(terminal: Terminal, total: number, waitsForFinal: boolean): SendProgress {
  let accepted = 0;
  let told = false;
  const tryingAgain = (status: number, problem: string) => {
    if (!told) terminal.note(`answered ${status} (${printable(problem)}); trying again for some seconds`);
    told = true;
  };
  const waiting = (outcomes: SendOutcome[]) => {
    for (const one of outcomes) terminal.note(`still waiting: ${outcomeText(one)}`);
  };
  let final = 0;
  const startedAtMs = performance.now();
  const perSecond = () =>
    Math.round((waitsForFinal ? final : accepted) / Math.max(0.001, (performance.now() - startedAtMs) / 1000));
  if (!terminal.interactive) {
    const timer = setInterval(() => terminal.note(line()), lineEveryMs);
    const line = () =>
      `${formatCount(accepted)} of ${formatCount(total)} accepted${waitsForFinal ? `, ${formatCount(final)} final` : ''}, ${formatCount(perSecond())}/s`;
    return {
      tryingAgain,
      waiting,
      accepted(count) {
        accepted = count;
      },
      final(count) {
        final = count;
      },
      end: () => clearInterval(timer),
    };
  }
  const bar = new SingleBar(
    {
      format: waitsForFinal
        ? '{bar} {value}/{total} final · {accepted} accepted · {rate}/s'
        : '{bar} {value}/{total} accepted · {rate}/s',
      stream: process.stderr,
      barsize: 30,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0, { accepted: 0, rate: 0 });
  const update = () => bar.update(waitsForFinal ? final : accepted, { accepted, rate: perSecond() });
  return {
    tryingAgain,
    waiting,
    accepted(count) {
      accepted = count;
      update();
    },
    final(count) {
      final = count;
      update();
    },
    end: () => bar.stop(),
  };
}
