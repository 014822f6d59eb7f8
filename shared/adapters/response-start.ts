import type { Readable } from 'node:stream';

/** How long to wait for an answer's text after its status. */
const textMsMax = 1000;

/**
 * The beginning of an answer's text, at most `bytesMax`: enough to explain a refusal. The status
 * has decided already. So a body that stays open, breaks off or is long is cut there. Never throws.
 */
export function readResponseStart(body: Readable, bytesMax: number): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = () => {
      clearTimeout(timer);
      // After a complete body the connection serves the next run; otherwise it is closed.
      body.destroy();
      resolve(Buffer.concat(chunks).subarray(0, bytesMax).toString('utf8').toWellFormed());
    };
    const timer = setTimeout(finish, textMsMax);
    body.on('data', (chunk: Uint8Array) => {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes >= bytesMax) finish();
    });
    body.on('end', finish).on('error', finish).on('close', finish);
  });
}
