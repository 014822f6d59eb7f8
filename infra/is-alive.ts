/** Whether a process runs under this id; it need not be the one that once noted it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is running as another user.
    return (error as { code?: string }).code === 'EPERM';
  }
}
