import { ensureAllBuilt } from './build.js';

// Jest's global setup.
export default ensureAllBuilt;
