// Bundled packages that ask where they are get the bundle's place; our own sources keep theirs (build.js).
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/* global builtAt */
export const importMetaUrl = builtAt;
export const importMetaDirname = dirname(fileURLToPath(builtAt));
