import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

/** Stands in front of an emulator as AWS's own front does: with TLS, and with connections that it may close. */
export type Front = {
  url: string;
  /** As AWS closes what is idle for too long: the client learns of it when it looks again. */
  closeConnections(): void;
  /** What becomes of new connections. `silent`: accepted and never answered. `refusing`: closed at once. */
  mode: 'open' | 'silent' | 'refusing';
  stop(): Promise<void>;
};

export type Certificate = { key: string; cert: string; certFile: string; remove(): void };

/** A certificate for this machine, made now: none in the repository can expire or be mistaken for a secret. */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-certificate-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile, '-out', certFile];
  const named = ['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...made, ...named], { stdio: 'ignore' });
  return {
    key: readFileSync(keyFile, 'utf8'),
    cert: readFileSync(certFile, 'utf8'),
    certFile,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @param certificate absent: plain HTTP */
export async function startFront(upstream: string, certificate?: Certificate): Promise<Front> {
  const { port: upstreamPort, hostname } = new URL(upstream);
  const open = new Set<Socket>();
  const accept = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    if (front.mode === 'refusing') socket.destroy();
    if (front.mode !== 'open') return;
    const behind = connect(Number(upstreamPort), hostname);
    behind.on('error', () => socket.destroy());
    behind.on('close', () => socket.destroy());
    socket.on('close', () => behind.destroy());
    socket.pipe(behind).pipe(socket);
  };
  const server: Server = certificate ? createTlsServer(certificate, accept) : createServer(accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  const closeConnections = () => {
    for (const socket of open) socket.destroy();
  };
  const front: Front = {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    closeConnections,
    mode: 'open',
    async stop() {
      closeConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return front;
}
