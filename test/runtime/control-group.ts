import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Memory at which a function has one vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const megabytesPerCpu = 1769;

/** A part of a processor, as `megabytes` of memory give it on Lambda. */
export function cpusOf(megabytes: number): number {
  return megabytes / megabytesPerCpu;
}

/** Limits the processor time and memory of processes, as Lambda limits a function's environment. */
export type ControlGroup = {
  limitCpus(cpus: number): void;
  add(pid: number): void;
  /** Processor time of all processes so far. */
  usedMs(): number;
  /** The most memory in use at one time, in MB, files that the kernel keeps apart. */
  peakMegabytes(): number;
  remove(): void;
};

const root = '/sys/fs/cgroup';
// Linux's default is 100 ms, in which a process at a seventh of a CPU stands still for 86 ms at a time. Observers of
// Lambda found 20 ms; shorter periods make the time of a call depend less on when it starts.
const periodMicroseconds = 20_000;

let groups = 0;

/** A group of its own, or why this machine gives none: it takes root, and control groups that can be written. */
export function makeControlGroup(megabytes: number): ControlGroup | { why: string } {
  const name = `signalbox-${process.pid}-${++groups}`;
  try {
    return existsSync(join(root, 'cgroup.controllers')) ? versionTwo(name, megabytes) : versionOne(name, megabytes);
  } catch (error) {
    return { why: `this machine gives no control group: ${(error as Error).message}` };
  }
}

const write = (folder: string, file: string, value: string | number) =>
  writeFileSync(join(folder, file), String(value));
const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8');

function versionOne(name: string, megabytes: number): ControlGroup {
  const [cpu, accounting, memory] = ['cpu', 'cpuacct', 'memory'].map((controller) => join(root, controller, name)) as [
    string,
    string,
    string,
  ];
  const folders = [...new Set([cpu, accounting, memory])];
  for (const folder of folders) mkdirSync(folder);
  write(memory, 'memory.limit_in_bytes', megabytes * 2 ** 20);
  write(cpu, 'cpu.cfs_period_us', periodMicroseconds);
  return {
    limitCpus: (cpus) => write(cpu, 'cpu.cfs_quota_us', Math.round(cpus * periodMicroseconds)),
    add(pid) {
      for (const folder of folders) write(folder, 'cgroup.procs', pid);
    },
    usedMs: () => Number(read(accounting, 'cpuacct.usage')) / 1e6,
    peakMegabytes: () => Number(read(memory, 'memory.max_usage_in_bytes')) / 2 ** 20,
    remove() {
      for (const folder of folders) removeWhenEmpty(folder);
    },
  };
}

function versionTwo(name: string, megabytes: number): ControlGroup {
  const folder = join(root, name);
  write(root, 'cgroup.subtree_control', '+cpu +memory');
  mkdirSync(folder);
  write(folder, 'memory.max', megabytes * 2 ** 20);
  return {
    limitCpus: (cpus) => write(folder, 'cpu.max', `${Math.round(cpus * periodMicroseconds)} ${periodMicroseconds}`),
    add: (pid) => write(folder, 'cgroup.procs', pid),
    usedMs: () => Number(/^usage_usec (\d+)/m.exec(read(folder, 'cpu.stat'))?.[1]) / 1000,
    // Absent before Linux 5.19.
    peakMegabytes: () =>
      Number(read(folder, existsSync(join(folder, 'memory.peak')) ? 'memory.peak' : 'memory.current')) / 2 ** 20,
    remove: () => removeWhenEmpty(folder),
  };
}

/** The kernel takes a moment to bury a killed process; until then its group cannot be removed. */
function removeWhenEmpty(folder: string, triesLeft = 100): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY' && triesLeft > 0)
      setTimeout(() => removeWhenEmpty(folder, triesLeft - 1), 50);
  }
}
