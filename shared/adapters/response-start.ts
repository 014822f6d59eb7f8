import type { Readable } from 'node:stream';

/** How long the text of an answer is waited for once its status is there. */
const textMsMax = 1000;

/**
 * The beginning of an answer's text, at most `bytesMax`: enough to explain a refusal. The status has decided already, so a
 * body that stays open, breaks off or is long changes nothing; what came until then is the text. Never throws.
 */
export function readResponseStart(body: Readable, bytesMax: number): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = () => {
      clearTimeout(timer);
      // A body that was read to its end leaves the connection to the next run; any other closes it.
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
