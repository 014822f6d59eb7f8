/** Name of the secret that a workflow's target is called with: signing keys, or an API key. */
export function targetSecretName(workflow: string): string {
  return `targets/${workflow}`;
}
