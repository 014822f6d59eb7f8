import { Agent, request } from 'node:http';
import type { LocalCredentials } from './credentials.ts';

/** Calls an emulator in AWS's JSON protocol. */
export type AwsJsonClient = {
  /**
   * @throws AwsJsonError when the service refuses; the connection's error when it cannot be reached
   */
  call<Answer>(action: string, body: Record<string, unknown>, options?: { signal?: AbortSignal }): Promise<Answer>;
  close(): void;
};

export class AwsJsonError extends Error {
  override name = 'AwsJsonError';
  /** The service's name of the error, such as ResourceInUseException. */
  readonly type: string;

  constructor(action: string, type: string, message: string) {
    super(`${action}: ${type}: ${message}`);
    this.type = type;
  }
}

/**
 * A client for the runtime's own calls. The SDK costs three times the processor time per call and
 * megabytes of memory. Its signatures, retries and regions are useless for an emulator in the same
 * process.
 * @param prefix of the header `X-Amz-Target`: `AmazonSQS`, `DynamoDB_20120810`
 */
export function makeAwsJsonClient(endpoint: string, prefix: string, credentials: LocalCredentials): AwsJsonClient {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(endpoint);
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    // The emulators read the region and the caller from here; they do not check the signature.
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260101/us-east-1/local/aws4_request, SignedHeaders=host, Signature=local`,
    'x-amz-date': '20260101T000000Z',
  };
  return {
    call(action, body, { signal } = {}) {
      const text = JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const call = request(
          {
            agent,
            hostname,
            port,
            method: 'POST',
            path: '/',
            headers: { ...headers, 'x-amz-target': `${prefix}.${action}`, 'content-length': Buffer.byteLength(text) },
            ...(signal && { signal }),
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const answer = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
              if (response.statusCode === 200) return resolve(answer);
              const type = String(answer.__type ?? response.statusCode).replace(/^.*#/, '');
              reject(new AwsJsonError(action, type, String(answer.message ?? answer.Message ?? '')));
            });
          },
        );
        call.on('error', reject);
        call.end(text);
      });
    },
    close: () => agent.destroy(),
  };
}
