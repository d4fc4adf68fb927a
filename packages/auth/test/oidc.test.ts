/** Issuers that are not there, or not as they should be; what tokens of them make is tested through the server. */
import { once } from 'node:events';
import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { authenticateWith } from '../src/index.js';
import { JwtAuthenticator, openJwtIssuers } from '../src/oidc.js';
import { createAuthority, SERVER_AUTH } from './support/certificates.js';

const authority = await createAuthority('issuers');
const serving = await authority.issue([{ CN: ['localhost'] }], { usages: [SERVER_AUTH] });
let answer: { status: number; body: string } = { status: 200, body: '' };
const server = createServer(serving, (_request, response) => response.writeHead(answer.status).end(answer.body));
let url = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** What is said of an issuer that is looked for once. */
async function faultOf(ca: string | undefined, status: number, body: string): Promise<string> {
  answer = { status, body };
  const issuer = { url, audiences: ['k'], username: { claim: 'sub', prefix: '' } };
  let heard: (error: Error) => void = () => {};
  const error = new Promise<Error>((resolve) => {
    heard = resolve;
  });
  const set = openJwtIssuers([{ ...issuer, ...(ca === undefined ? {} : { certificateAuthority: ca }) }], { onIssuerError: heard });
  try {
    const { message } = await error;
    await expect(set.ready(1)).rejects.toThrow(`oidc: authenticator for issuer "${url}" is not healthy: ${message}`);
    const token = `e30.${Buffer.from(JSON.stringify({ iss: url })).toString('base64url')}.x`;
    const asked = authenticateWith([new JwtAuthenticator(set)], true, { headers: { authorization: `Bearer ${token}` }, path: '/' });
    expect(await asked).toEqual({ result: null, errors: ['oidc: oidc: authenticator not initialized'] });
    return message.replaceAll(url, 'URL');
  } finally {
    await set.close();
  }
}

describe('an issuer is not taken', () => {
  const DOCUMENT = 'URL/.well-known/openid-configuration';

  it.each([
    ['with an answer of failure', 503, '', `503 Service Unavailable: ${DOCUMENT}`],
    ['without a document', 200, '[', 'oidc: failed to decode provider discovery object: no JSON object'],
    [
      'under another name',
      200,
      '{"issuer":"https://other"}',
      'oidc: issuer did not match the issuer returned by provider, expected "URL" got "https://other"',
    ],
  ])('%s', async (_name, status, body, message) => {
    expect(await faultOf(authority.pem, status, body)).toBe(message);
  });

  it('with a certificate of an authority that is not known', async () => {
    const said = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    expect(await faultOf(undefined, 200, '{}')).toBe(`Get "${DOCUMENT}": ${said}`);
    expect(await faultOf((await createAuthority('others')).pem, 200, '{}')).toBe(`Get "${DOCUMENT}": ${said}`);
  });

  it('without a place of its keys', async () => {
    const said = 'oidc: failed to decode provider discovery object: jwks_uri is no URL';
    expect(await faultOf(authority.pem, 200, JSON.stringify({ issuer: url }))).toBe(said);
  });
});

describe('an issuer behind a proxy', () => {
  it('is found by way of the one that the environment names', async () => {
    const asked: string[] = [];
    const proxy = createProxy();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      const there = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      socket.pipe(there).pipe(socket);
      for (const end of [socket, there]) end.on('error', () => end.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    for (const name of ['HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, proxyUrl);
    for (const name of ['NO_PROXY', 'no_proxy']) vi.stubEnv(name, '');
    const far = 'https://issuer.test';
    const own = await authority.issue([{ CN: ['issuer.test'] }], { usages: [SERVER_AUTH] });
    server.setSecureContext(own);
    answer = { status: 200, body: JSON.stringify({ issuer: far, jwks_uri: `${far}/keys` }) };
    const issuer = { url: far, audiences: ['k'], certificateAuthority: authority.pem, username: { claim: 'sub', prefix: '' } };
    const set = openJwtIssuers([issuer]);
    try {
      await set.ready(20_000);
      expect(asked).toEqual(['issuer.test:443']);
    } finally {
      await set.close();
      server.setSecureContext(serving);
      proxy.closeAllConnections();
      proxy.close();
      vi.unstubAllEnvs();
    }
  });
});
