/** A real server with the default admission chain, for tests. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { type ClientHttp2Session, connect } from 'node:http2';
import { AdmissionChain } from '@k/admission';
import type { KubeObject } from '@k/apimachinery';
import type { KeyValueStore } from '@k/storage';
import * as x509 from '@peculiar/x509';
import { pino } from 'pino';
import { type ApiServer, startApiServer } from '../../src/index.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export async function selfSigned(): Promise<{ cert: string; key: string }> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({ name: 'CN=test', keys, signingAlgorithm: ALGORITHM });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: certificate.toString('pem'), key };
}

/** What a request came to. */
export interface Answer {
  code: number;
  body: KubeObject & { message?: string; reason?: string };
}

/** A server and one connection to it, as a member of system:masters. */
export class AdmittingServer {
  readonly #server: ApiServer;
  readonly #session: ClientHttp2Session;

  private constructor(server: ApiServer, session: ClientHttp2Session) {
    this.#server = server;
    this.#session = session;
  }

  static async start(store: KeyValueStore): Promise<AdmittingServer> {
    const { cert, key } = await selfSigned();
    const server = await startApiServer({
      store,
      listener: { host: '127.0.0.1', port: 0, cert, key },
      authenticators: [
        { name: 'test', authenticate: () => ({ user: { username: 'tester', groups: ['system:masters', 'system:authenticated'] } }) },
      ],
      anonymous: false,
      admission: (dependencies) => new AdmissionChain().withBuiltInControllers(dependencies),
      rootCa: cert,
      log: pino({ level: 'silent' }),
    });
    const session = connect(`https://127.0.0.1:${server.address.port}`, { rejectUnauthorized: false });
    session.on('error', () => {});
    return new AdmittingServer(server, session);
  }

  request(method: string, path: string, body?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const stream = this.#session.request({ ':method': method, ':path': path, 'content-type': type, accept: 'application/json' });
      const chunks: Buffer[] = [];
      let code = 0;
      stream.on('response', (headers) => {
        code = Number(headers[':status']);
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve({ code, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) }));
      stream.on('error', reject);
      stream.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Makes a namespace and waits until pods can be created in it. */
  async namespace(name: string): Promise<void> {
    await this.request('POST', '/api/v1/namespaces', { metadata: { name } });
    await this.until(`/api/v1/namespaces/${name}/serviceaccounts/default`, ({ code }) => code === 200);
  }

  /** Reads until the answer is as wanted. @throws when it is not within 15 s. */
  async until(path: string, isWanted: (answer: Answer) => boolean): Promise<Answer> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const answer = await this.request('GET', path);
      if (isWanted(answer)) return answer;
      if (Date.now() > deadline) throw new Error(`${path} stayed ${JSON.stringify(answer.body)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    this.#session.close();
    await this.#server.close();
  }
}
