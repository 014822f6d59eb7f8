/**
 * Milliseconds of processor time that this process has used so far. Tests that bound the cost of something measure this and not
 * the clock, which goes on while other processes have the machine.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * How many times longer than alone something takes on this machine now, where it waits for other processes' work: at least 1.
 * Multiply a bound on the clock with it where the cost lies in another process, whose processor time cannot be read.
 */
export function slowness(): number {
  const [wallMs, usedMs] = [performance.now(), cpuMs()];
  while (cpuMs() - usedMs < 50) Math.sqrt(performance.now());
  return Math.max(1, (performance.now() - wallMs) / (cpuMs() - usedMs));
}
