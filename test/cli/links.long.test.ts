import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { liveConfiguration } from '../support/build.ts';
import { type CliAnswer, startCli, type TestCli } from './cli-for-tests.ts';

// Each command is a process of its own, which starts slowly on a busy machine.

let cli: TestCli;
beforeAll(async () => {
  cli = await startCli(liveConfiguration().snapshot);
});
afterAll(() => cli.stop());

const json = ({ stdout }: CliAnswer) => JSON.parse(stdout);

describe('sources link', () => {
  test('prints the link alone and once; the list names it without its token; unlink ends it once', async () => {
    const made = await cli.signalbox(['sources', 'link', 'rudderstack', '--days', '2', '--payloads']);
    expect(made).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:9\/v1\/links\/lk_[\w-]{43}\n$/),
    });
    expect(made.stderr).toContain('the only time that the link');
    expect(made.stderr).toContain('When asked, it shows the ingest URL');
    const listed = await cli.signalbox(['sources', 'links', '--json']);
    expect(listed.stdout).not.toContain(made.stdout.trim().slice(-43));
    const [row] = json(listed);
    expect(row).toMatchObject({
      source: 'rudderstack',
      payloads: true,
      shows_url: true,
      last_used_at: null,
      state: 'works',
    });
    expect(Date.parse(row.expires_at) - Date.parse(row.created_at)).toBe(2 * 86_400_000);
    expect((await cli.signalbox(['sources', 'links'])).stdout).toMatch(
      /rudderstack .*counts, payloads, URL .*works, ends in/,
    );
    const ended = await cli.signalbox(['sources', 'unlink', row.id]);
    expect(ended.stderr).toContain(`The link ${row.id} of rudderstack has ended in development`);
    expect(await cli.signalbox(['sources', 'unlink', row.id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('was revoked before'),
    });
    expect((await cli.signalbox(['sources', 'links', 'stripe'])).stderr).toContain('no links of stripe');
  });

  test('--no-url makes one without the ingest URL, and --json gives all that a script needs', async () => {
    const made = json(await cli.signalbox(['sources', 'link', 'rudderstack', '--no-url', '--json']));
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{12}$/),
      source: 'rudderstack',
      link: expect.stringContaining('/v1/links/lk_'),
      expires_at: expect.any(String),
      payloads: false,
      shows_url: false,
    });
    expect((await cli.signalbox(['sources', 'unlink', 'rudderstack'])).stderr).toContain(`has the id ${made.id}`);
  });

  test('refuses a source that is not live, and more days than a link may work', async () => {
    expect(await cli.signalbox(['sources', 'link', 'ruderstack'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('did you mean "rudderstack"?'),
    });
    expect(await cli.signalbox(['sources', 'link', 'rudderstack', '--days', '91'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('at most 90 days'),
    });
  });
});
