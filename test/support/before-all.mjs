import { ensureAllBuilt } from '../../infra/build/build.js';
import { ensurePackages } from './packages.mjs';

/** Jest's global setup. */
export default async function beforeAll() {
  await ensureAllBuilt();
  await ensurePackages();
}
