import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { liveConfiguration } from '../support/build.ts';
import { type CliAnswer, startCli, type TestCli } from './cli-for-tests.ts';

// Each command is a process of its own, which starts slowly on a busy machine.
jest.setTimeout(60_000);

let cli: TestCli;
beforeAll(async () => {
  cli = await startCli(liveConfiguration().snapshot);
});
afterAll(() => cli.stop());

const json = ({ stdout }: CliAnswer) => JSON.parse(stdout);

describe('keys', () => {
  test('create prints the key alone and once, and --json gives its id, name and text', async () => {
    const made = await cli.signalbox(['keys', 'create', 'census']);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sk_[\w-]{43}\n$/) });
    expect(made.stderr).toContain('only time that the secret key "census"');
    const browser = json(await cli.signalbox(['keys', 'create', 'checkout', '--public', '--json']));
    expect(browser).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{12}$/),
      name: 'checkout',
      key: expect.stringMatching(/^pk_/),
    });
    const listed = await cli.signalbox(['keys', 'list', '--json']);
    expect(listed.stdout).not.toContain(made.stdout.trim().slice(3));
    expect(json(listed)).toMatchObject([
      { name: 'census', kind: 'secret', last_used_at: null, revoked_at: null },
      { id: browser.id, name: 'checkout', kind: 'public' },
    ]);
  });

  test('revoke ends a key once, and the list says by whom', async () => {
    const { id } = json(await cli.signalbox(['keys', 'create', 'old', '--json']));
    const revoked = await cli.signalbox(['keys', 'revoke', id]);
    expect(revoked.stderr).toContain(`The key "old" (${id}) is revoked in development`);
    expect((await cli.signalbox(['keys'])).stdout).toMatch(/old .*revoked .* by /);
    const again = await cli.signalbox(['keys', 'revoke', id]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('was revoked before') });
  });

  test('an unknown id is refused; the name of a key leads to its id', async () => {
    expect(await cli.signalbox(['keys', 'revoke', 'nothing'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('there is no key nothing in development'),
    });
    const { id } = json(await cli.signalbox(['keys', 'create', 'shop', '--json']));
    expect((await cli.signalbox(['keys', 'revoke', 'shop'])).stderr).toContain(`the key "shop" has the id ${id}`);
  });

  test('a name with a control character is refused, and shown by its escape', async () => {
    expect(await cli.signalbox(['keys', 'create', 'cen\u001bsus'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has a control character: "cen\\u001bsus"'),
    });
  });

  test('a blank name is refused', async () => {
    expect(await cli.signalbox(['keys', 'create', ' '])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the name of the key is blank'),
    });
  });
});
