import { describe, expect, it } from 'vitest';
import { authenticateWith, bearerToken, createTokenFileAuthenticator } from '../src/index.js';

const encoded = (token: string): string => `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
const request = (protocols: string, more: Record<string, string> = {}) => ({
  headers: { upgrade: 'websocket', connection: 'keep-alive, Upgrade', 'sec-websocket-protocol': protocols, ...more },
  path: '/',
});

describe('tokens in the subprotocols of a WebSocket', () => {
  const file = createTokenFileAuthenticator('secret-1,alice,u-1');
  const who = async (protocols: string, more: Record<string, string> = {}): Promise<string | null> =>
    (await authenticateWith([file], true, request(protocols, more))).result?.user.username ?? null;

  it.each([
    ['with another subprotocol', `${encoded('secret-1')}, v5.channel.k8s.io`, 'alice'],
    ['after another subprotocol', `v5.channel.k8s.io,${encoded('secret-1')}`, 'alice'],
    ['wrong', `${encoded('secret-2')}, x`, null],
    ['alone', encoded('secret-1'), null],
    ['twice', `${encoded('secret-1')}, ${encoded('secret-1')}`, null],
    ['not encoded', 'base64url.bearer.authorization.k8s.io.secret-1, x', null],
    ['empty', 'base64url.bearer.authorization.k8s.io., x', null],
    ['padded', `${encoded('secret-12')}=, x`, null],
    ['absent', 'v5.channel.k8s.io', 'system:anonymous'],
  ])('%s', async (_name, protocols, username) => {
    expect(await who(protocols)).toBe(username);
  });

  it('count for WebSockets alone, and after the header', async () => {
    const protocols = `${encoded('secret-1')}, x`;
    expect(await who(protocols, { upgrade: 'h2c' })).toBe('system:anonymous');
    expect(await who(protocols, { connection: 'close' })).toBe('system:anonymous');
    expect(bearerToken(request(protocols, { authorization: 'Bearer other' }))).toBe('other');
    expect(bearerToken(request(protocols, { authorization: 'Basic eDp5' }))).toBe('secret-1');
  });
});
