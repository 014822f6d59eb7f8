/** Name of a workflow's target secret: signing keys, or an API key. */
export function targetSecretName(workflow: string): string {
  return `targets/${workflow}`;
}
