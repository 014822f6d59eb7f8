/**
 * Milliseconds of processor time that this process has used so far. Tests that bound the cost of something measure this and not
 * the clock, which goes on while other processes have the machine.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
