import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { outputFolder } from '../../infra/build/build.js';
import { editorLoad, ensurePageBuilt, firstLoad, pageParts } from '../../infra/build/build-page.js';

describe("the console's page", () => {
  test('loads at most 200 KB before it shows something, compressed', async () => {
    const files = await firstLoad();
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThanOrEqual(200_000);
  });

  test('begins with a script that the browser compiles while it comes in; no other is', async () => {
    const folder = await ensurePageBuilt();
    const { first, pages, editor } = await pageParts();
    const isWhole = (name: string) =>
      readFileSync(join(folder, name), 'utf8').startsWith('//# allFunctionsCalledOnLoad\n');
    const scripts = new Set(
      [...first, ...Object.values(pages).flat(), ...editor].filter((name) => name.endsWith('.js')),
    );
    expect([...scripts].filter(isWhole)).toEqual([first[0]]);
    expect(readFileSync(join(folder, first[0] ?? ''), 'utf8')).toContain('createRoot');
  });

  test('loads the mapping editor when it is opened, and not before', async () => {
    const [files, first] = await Promise.all([editorLoad(), firstLoad()]);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    console.log(`the mapping editor: ${Math.round(bytes / 1000)} KB, compressed`);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThanOrEqual(200_000);
    const folder = await ensurePageBuilt();
    for (const { file } of first) expect(readFileSync(join(folder, file), 'utf8')).not.toContain('cm-content');
  });

  test('asks no other machine: it names none, and holds nothing of AWS', async () => {
    const folder = await ensurePageBuilt();
    // Names that are written as addresses, and pages that errors of libraries point to.
    const known = /^https?:\/\/(www\.w3\.org|react\.dev|tanstack\.com|github\.com)\b|^https?:\/\/localhost\b/;
    for (const name of readdirSync(folder).filter((name) => /\.(js|css|html)$/.test(name))) {
      const text = readFileSync(join(folder, name), 'utf8');
      const addresses = [...text.matchAll(/https?:\/\/[\w.-]+/g)].map(([address]) => address);
      expect({ name, others: addresses.filter((address) => !known.test(address)) }).toEqual({ name, others: [] });
      expect(text).not.toMatch(/DynamoDBClient|amazonaws/);
    }
  });

  test('stays out of the bundles of the CLI and the local runtime', () => {
    const bundles = readdirSync(outputFolder).filter((name) => name.endsWith('.js'));
    expect(bundles).toContain('infra.cli.main.js');
    const withReact = bundles.filter((name) =>
      readFileSync(join(outputFolder, name), 'utf8').includes('react.dev/errors'),
    );
    expect(withReact).toEqual([]);
  });
});
