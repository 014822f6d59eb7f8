import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { bodyBytesMax, readBody } from '../../../shared/core/ingest/read-body.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const utf8 = (text: string) => Buffer.from(text);

test('keeps every character, those included that queues refuse', () => {
  const text = '{"a":"\uFFFE\uFFFF\u0000 é 😀 \uFEFF"}';
  expect(readBody(utf8(text), undefined)).toEqual({ kind: 'text', text });
});

test('leaves out a leading byte order mark', () => {
  expect(readBody(utf8('\uFEFF{}'), undefined)).toEqual({ kind: 'text', text: '{}' });
});

test.each([
  ['a lone continuation byte', [0x22, 0x80, 0x22]],
  ['a cut-off character', [0x22, 0xe2, 0x82, 0x22]],
  ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
  ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
])('refuses %s instead of replacing it', (_, bytes) => {
  expect(readBody(Uint8Array.from(bytes), undefined)).toMatchObject({ reason: 'body_not_utf8' });
});

test('inflates gzip, named in any case', () => {
  for (const encoding of [' GZIP ', 'x-gzip', 'X-Gzip']) {
    expect(readBody(gzipSync('{"a":1}'), encoding)).toEqual({ kind: 'text', text: '{"a":1}' });
  }
  expect(readBody(utf8('{}'), 'identity')).toEqual({ kind: 'text', text: '{}' });
  expect(readBody(utf8('{}'), '')).toEqual({ kind: 'text', text: '{}' });
  for (const encoding of ['gzip, gzip, gzip', 'zstd', 'gzip, zstd']) {
    expect(readBody(gzipSync('{}'), encoding)).toMatchObject({ reason: 'encoding_unsupported' });
  }
});

test('inflates what was compressed twice, and what is only said to be', () => {
  for (const body of [gzipSync(gzipSync('{"a":1}')), gzipSync('{"a":1}'), utf8('{"a":1}')]) {
    for (const encoding of ['gzip, gzip', 'gzip,x-gzip', 'identity, gzip']) {
      expect(readBody(body, encoding)).toEqual({ kind: 'text', text: '{"a":1}' });
    }
  }
  const bomb = gzipSync(gzipSync(Buffer.alloc(bodyBytesMax + 1, ' ')));
  expect(readBody(bomb, 'gzip, gzip')).toMatchObject({ reason: 'body_too_large' });
});

test('inflates what begins as gzip does, whatever is said of it', () => {
  for (const encoding of [undefined, '', 'identity']) {
    expect(readBody(gzipSync('{"a":1}'), encoding)).toEqual({ kind: 'text', text: '{"a":1}' });
  }
  expect(readBody(Uint8Array.from([0x1f, 0x8b]), undefined)).toMatchObject({ reason: 'body_not_gzip' });
  expect(readBody(Uint8Array.from([0x1f]), undefined)).toMatchObject({ kind: 'text' });
  expect(readBody(gzipSync(gzipSync('{}')), 'gzip')).toMatchObject({ reason: 'body_not_utf8' });
  expect(readBody(gzipSync(Buffer.alloc(bodyBytesMax + 1, ' ')), undefined)).toMatchObject({
    reason: 'body_too_large',
  });
});

// A proxy that inflates and leaves the header would otherwise lose every event for good.
test('reads a body as it is that is said to be gzip and is not any more', () => {
  for (const encoding of ['gzip', 'x-gzip']) {
    expect(readBody(utf8('{"a":1}'), encoding)).toEqual({ kind: 'text', text: '{"a":1}' });
  }
  expect(readBody(Uint8Array.from([0x22, 0xff, 0x22]), 'gzip')).toMatchObject({ reason: 'body_not_utf8' });
});

test('reads a body as it is whose announced encoding is not known, where it is plainly JSON', () => {
  for (const encoding of ['br', 'deflate', 'zstd', 'utf-8', 'gzip, br']) {
    expect(readBody(utf8(' [{"a":"é"}]\n'), encoding)).toEqual({ kind: 'text', text: ' [{"a":"é"}]\n' });
  }
  for (const body of [brotliCompressSync('{"a":1}'), deflateSync('{"a":1}'), utf8('{"a":'), utf8('a=1'), utf8('')]) {
    expect(readBody(body, 'zstd')).toMatchObject({ reason: 'encoding_unsupported' });
  }
});

test('inflates br and deflate, with or without the head of zlib, and the last layer first', () => {
  const text = '{"a":1}';
  for (const [body, encoding] of [
    [brotliCompressSync(text), ' BR'],
    [deflateSync(text), 'Deflate'],
    [deflateRawSync(text), 'deflate'],
    [gzipSync(brotliCompressSync(text)), 'br, gzip'],
    [brotliCompressSync(gzipSync(text)), 'gzip, br'],
    // A proxy took one layer off.
    [brotliCompressSync(text), 'br, gzip'],
    [gzipSync(text), 'br'],
  ] as const) {
    expect(readBody(body, encoding)).toEqual({ kind: 'text', text });
  }
  for (const encoding of ['br', 'deflate'])
    expect(readBody(utf8('a=1 that is neither'), encoding)).toMatchObject({ reason: 'body_not_compressed' });
});

test('stops at the limit whatever compressed the bomb', () => {
  const large = Buffer.alloc(bodyBytesMax + 1, ' ');
  for (const [body, encoding] of [
    [brotliCompressSync(large), 'br'],
    [deflateSync(large), 'deflate'],
    [deflateRawSync(large), 'deflate'],
  ] as const) {
    expect(readBody(body, encoding)).toMatchObject({ reason: 'body_too_large' });
  }
});

test('an answer quotes no more than a piece of a long header', () => {
  const answer = readBody(utf8('a'), 'x'.repeat(10_000));
  expect(JSON.stringify(answer).length).toBeLessThan(400);
});

test('refuses gzip that breaks off', () => {
  expect(readBody(gzipSync('{"a":1}').subarray(0, 15), 'gzip')).toMatchObject({ reason: 'body_not_gzip' });
});

test('refuses an empty body, compressed or not', () => {
  expect(readBody(new Uint8Array(), undefined)).toMatchObject({ reason: 'body_empty' });
  expect(readBody(new Uint8Array(), 'gzip')).toMatchObject({ reason: 'body_empty' });
});

test('takes 4 MiB and not a byte more, as sent and inflated', () => {
  const full = Buffer.alloc(bodyBytesMax, ' ');
  const over = Buffer.alloc(bodyBytesMax + 1, ' ');
  expect(readBody(full, undefined).kind).toBe('text');
  expect(readBody(gzipSync(full), 'gzip').kind).toBe('text');
  expect(readBody(over, undefined)).toMatchObject({ reason: 'body_too_large' });
  expect(readBody(gzipSync(over), 'gzip')).toMatchObject({ reason: 'body_too_large' });
});

test('stops inflating at the limit: 100 MB of zeros cost neither the time nor the memory of 100 MB', () => {
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  const before = process.memoryUsage().arrayBuffers;
  const startedMs = cpuMs();
  expect(readBody(bomb, 'gzip')).toMatchObject({ reason: 'body_too_large' });
  expect(cpuMs() - startedMs).toBeLessThan(200);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
});
