import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sources } from './events.ts';

/** Files as in infra/config: what the soak's sources send starts runs at its own target. */
export function writeConfiguration(directory: string, targetUrl: string): void {
  for (const folder of ['sources', 'workflows', 'environments', 'audiences'])
    mkdirSync(join(directory, folder), { recursive: true });
  for (const source of sources) writeFileSync(join(directory, 'sources', `${source}.yaml`), sourceFile(source));
  writeFileSync(
    join(directory, 'workflows', 'order.yaml'),
    `name: Order\ntarget:\n  development: { type: http, url: "${targetUrl}", timeout_seconds: 2 }\n`,
  );
  writeFileSync(join(directory, 'workflows', 'welcome.yaml'), 'name: Welcome\ntarget:\n  development: { type: log }\n');
  writeFileSync(join(directory, 'environments', 'development.yaml'), 'sources: {}\n');
}

function sourceFile(name: string): string {
  return `kind: rudderstack
name: ${name}
mappings:
  - id: identify
    event: identify
    action: users_identify
    parameters: { id: user_id, name: data.name, email: data.email, properties: data }
  - id: order
    event: track/order_completed
    action: workflows_trigger
    parameters:
      key: order
      recipients: { id: user_id }
      data: data
  - id: welcome
    event: track/signed_up
    action: workflows_trigger
    parameters:
      key: welcome
      recipients: { id: user_id }
      data: data
`;
}
