/** A real issuer of tokens: HTTPS with an authority of its own, a discovery document, keys that change. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll } from 'vitest';
import { selfSigned } from './self-signed.js';

export interface Issuer {
  readonly url: string;
  /** PEM of the authority of its certificate. */
  readonly ca: string;
  /** The public keys that it shows. */
  readonly keys: JWK[];
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Claims that tokens only refer to: by path, what is answered to whoever has the access token `a1`. */
  readonly claims: Map<string, string>;
  /** A token of it; `more` beside issuer, audience `k`, subject `jane` and an end in an hour. */
  sign(more?: Record<string, unknown>, header?: { alg: string; kid?: string }): Promise<string>;
  /** Makes other keys; the old ones are shown no more. */
  rotate(): Promise<void>;
  /** Ends answering, and answers again under the same URL. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const ALGORITHMS = ['RS256', 'ES384'];

/** Starts one for the tests of a file, after which it ends. Its discovery document is also at `/elsewhere`. */
export async function useIssuer(): Promise<Issuer> {
  const pair = await selfSigned();
  const asked: string[] = [];
  const keys: JWK[] = [];
  const claims = new Map<string, string>();
  const signing = new Map<string, CryptoKey>();
  let server: Server | undefined;
  let port = 0;
  let generation = 0;
  const issuer: Issuer = {
    get url() {
      return `https://127.0.0.1:${port}`;
    },
    ca: pair.cert,
    keys,
    asked,
    claims,
    sign(more = {}, { alg, kid = `${alg}-${generation}` } = { alg: 'RS256' }) {
      const exp = Math.floor(Date.now() / 1000) + 3600;
      const payload = { iss: issuer.url, aud: 'k', sub: 'jane', exp, ...more };
      return new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(signing.get(alg) as CryptoKey);
    },
    async rotate() {
      generation++;
      keys.length = 0;
      for (const alg of ALGORITHMS) {
        const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
        signing.set(alg, privateKey);
        keys.push({ ...(await exportJWK(publicKey)), kid: `${alg}-${generation}`, alg, use: 'sig' });
      }
    },
    async stop() {
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
    },
    async start() {
      server = createServer(pair, ({ url: path = '', headers }, response) => {
        asked.push(path);
        const claim = headers.authorization === 'Bearer a1' ? claims.get(path) : undefined;
        if (claim !== undefined) return void response.end(claim);
        const isDocument = path === '/.well-known/openid-configuration' || path === '/elsewhere';
        const body = isDocument ? { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` } : path === '/keys' ? { keys } : undefined;
        response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
    },
  };
  await issuer.rotate();
  await issuer.start();
  afterAll(() => issuer.stop());
  return issuer;
}
