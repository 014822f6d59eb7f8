import { AsyncLocalStorage } from 'node:async_hooks';
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { TestEnvironment } from 'jest-environment-node';
import { builtFile } from '../../infra/build/build.js';

/*
 * Jest's environment of Node, and two things besides that make a run a good deal shorter.
 *
 * Before Node 24, a storage that was used once slows down every later promise of its process until it is disabled. Jest
 * uses one per file, and so do our functions: the hundredth file of a worker would carry some three hundred.
 *
 * The other is `importOnce`: import-once.ts.
 */

const used = new Set();
for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...given) {
    used.add(this);
    return original.apply(this, given);
  };
}

export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.importOnce = (entry) => {
      const file = builtFile(entry);
      // While jest watches, a later run may have built it anew.
      return import(`${pathToFileURL(file)}?${statSync(file).mtimeMs}`);
    };
  }

  async teardown() {
    for (const storage of used) storage.disable();
    used.clear();
    await super.teardown();
  }
}
