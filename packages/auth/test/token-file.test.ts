import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type AuthenticationResult, bearerToken, createTokenFileAuthenticator } from '../src/index.js';

const request = (authorization?: string) => ({ headers: authorization === undefined ? {} : { authorization }, path: '/' });

describe('token files', () => {
  const file = createTokenFileAuthenticator(
    [
      '# who may come in',
      'secret-1,alice,u-1',
      '',
      'secret-2,bob,u-2,"dev, qa,"\r',
      '"se""cret,3","carol, the ""third""",u-3,system:masters',
      'secret-5,old,u-4',
      'secret-5,new,u-5,"a,b"',
      '  secret-6 , dave , u-6 , one ',
    ].join('\n'),
  );
  const cases: [string, AuthenticationResult['user'] | null][] = [
    ['secret-1', { username: 'alice', uid: 'u-1', groups: [] }],
    ['secret-2', { username: 'bob', uid: 'u-2', groups: ['dev', 'qa'] }],
    ['se"cret,3', { username: 'carol, the "third"', uid: 'u-3', groups: ['system:masters'] }],
    ['secret-5', { username: 'new', uid: 'u-5', groups: ['a', 'b'] }],
    ['secret-6', { username: 'dave', uid: 'u-6', groups: ['one'] }],
    ['secret-7', null],
    ['secret-', null],
    ['', null],
  ];
  it.each(cases)('know %j', (token, user) => {
    const wanted = user === null ? null : { user };
    expect(file.authenticate(request(`Bearer ${token}`))).toEqual(wanted);
    expect(file.authenticateToken?.(token, [])).toEqual(wanted);
  });

  const bad: [string, string][] = [
    ['hidden-token', 'token file: line 1 must have at least 3 columns (token, user name, user uid)'],
    ['ok,alice,1\n\nhidden-token,alice', 'token file: line 3 must have at least 3 columns (token, user name, user uid)'],
    ['hidden-token,,1', 'token file: line 1 must have at least 3 columns (token, user name, user uid)'],
    [',hidden-token,1', 'token file: line 1 must have at least 3 columns (token, user name, user uid)'],
    ['hidden-token,alice,', 'token file: line 1 must have at least 3 columns (token, user name, user uid)'],
    ['ok,alice,1\nhidden-token,bob,2,"dev,qa', 'token file: line 2 has a quote that is not closed'],
  ];
  it.each(bad)('name the line of %j and not the token', (csv, message) => {
    expect(() => createTokenFileAuthenticator(csv)).toThrow(new Error(message));
  });

  it('look at every request of a connection', () => {
    const socket = new TLSSocket(new Socket());
    const asks = (headers: Record<string, string>) =>
      (file.authenticate({ headers, socket, path: '/' }) as AuthenticationResult | null)?.user.username ?? null;
    const webSocket = {
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.c2VjcmV0LTI, v4',
    };
    expect(asks({ authorization: 'Bearer secret-1' })).toBe('alice');
    expect(asks({ authorization: 'Bearer secret-1' })).toBe('alice');
    expect(asks({ authorization: 'Bearer secret-7' })).toBeNull();
    expect(asks({ authorization: 'Bearer secret-2' })).toBe('bob');
    expect(asks({})).toBeNull();
    // A token of a WebSocket is that request's alone, whatever header came with it.
    expect(asks({ authorization: 'Basic abc', ...webSocket })).toBe('bob');
    expect(asks({ authorization: 'Basic abc' })).toBeNull();
    socket.destroy();
  });

  it('keep no token in what they show', () => {
    expect(JSON.stringify(file)).not.toContain('secret');
  });
});

describe('bearer tokens', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['Bearer', null],
    ['Bearer ', null],
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    [' Bearer abc ', 'abc'],
    ['Bearer abc def', 'abc'],
    ['Bearer  abc', null],
    ['Basic abc', null],
    ['Bearerabc', null],
  ])('of %j is %j', (header, token) => {
    expect(bearerToken(request(header))).toBe(token);
  });
});
