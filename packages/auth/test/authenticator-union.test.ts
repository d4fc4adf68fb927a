import { describe, expect, it } from 'vitest';
import { type Authenticator, authenticateToken, authenticateWith, createTokenFileAuthenticator } from '../src/index.js';

const tokens = createTokenFileAuthenticator('t-1,alice,u-1,"dev,system:authenticated"\nt-2,bob,u-2');
const broken: Authenticator = {
  name: 'broken',
  authenticate: () => Promise.reject(new Error('has expired')),
  authenticateToken: () => Promise.reject(new Error('has expired')),
};
const other: Authenticator = {
  name: 'other',
  authenticate: () => ({ user: { username: 'other', groups: [] }, audiences: ['vault'] }),
  authenticateToken: (token) => (token === 't-3' ? { user: { username: 'other', groups: [] }, audiences: ['vault'] } : null),
};
const request = (authorization?: string) => ({ headers: authorization === undefined ? {} : { authorization }, path: '/' });
const alice = { username: 'alice', uid: 'u-1', groups: ['dev', 'system:authenticated'] };
const bob = { username: 'bob', uid: 'u-2', groups: ['system:authenticated'] };
const anonymous = { user: { username: 'system:anonymous', groups: ['system:unauthenticated'] } };

describe('authenticators in order', () => {
  it('add the group of everybody who is known, once', async () => {
    expect(await authenticateWith([tokens], true, request('Bearer t-1'))).toEqual({ result: { user: alice }, errors: [] });
    expect(await authenticateWith([tokens], true, request('Bearer t-2'))).toEqual({ result: { user: bob }, errors: [] });
  });

  it('let the first who knows the caller decide', async () => {
    const { result } = await authenticateWith([other, tokens], true, request('Bearer t-1'));
    expect(result).toEqual({ user: { username: 'other', groups: ['system:authenticated'] }, audiences: ['vault'] });
  });

  it('go on after a failure, which is told', async () => {
    expect(await authenticateWith([broken, tokens], true, request('Bearer t-2'))).toEqual({
      result: { user: bob },
      errors: ['broken: has expired'],
    });
    expect(await authenticateWith([tokens, broken], true, request())).toEqual({ result: null, errors: ['broken: has expired'] });
  });

  it('take a caller without credentials for anonymous, where that is allowed', async () => {
    expect(await authenticateWith([tokens], true, request())).toEqual({ result: anonymous, errors: [] });
    expect(await authenticateWith([tokens], true, request('Basic abc'))).toEqual({ result: anonymous, errors: [] });
    expect(await authenticateWith([tokens], false, request())).toEqual({ result: null, errors: [] });
  });

  it('never take an unknown token for anonymous', async () => {
    expect(await authenticateWith([tokens], true, request('Bearer t-9'))).toEqual({ result: null, errors: [] });
  });

  it('warn of a token behind two spaces', async () => {
    expect(await authenticateWith([tokens], true, request('Bearer  t-1'))).toEqual({
      result: {
        ...anonymous,
        warnings: ['the provided Authorization header contains extra space before the bearer token, and is ignored'],
      },
      errors: [],
    });
  });
});

describe('token reviews', () => {
  const own = ['api', 'api2'];
  it.each([
    ['a token without audiences is for the server', [tokens], 't-2', ['api'], { result: { user: bob, audiences: ['api'] } }],
    ['all of the audiences asked for', [tokens], 't-2', ['api2', 'x', 'api'], { result: { user: bob, audiences: ['api', 'api2'] } }],
    ['not for others', [tokens], 't-2', ['vault'], { result: null, error: 'invalid bearer token' }],
    ['unknown', [tokens], 't-9', ['api'], { result: null, error: 'invalid bearer token' }],
    ['an error is told', [tokens, broken], 't-9', ['api'], { result: null, error: '[invalid bearer token, has expired]' }],
    ['an error of another authenticator does not matter', [broken, tokens], 't-2', ['api'], { result: { user: bob, audiences: ['api'] } }],
    [
      'audiences of the token',
      [tokens, other],
      't-3',
      ['vault'],
      { result: { user: { username: 'other', groups: ['system:authenticated'] }, audiences: ['vault'] } },
    ],
  ] as const)('%s', async (_, authenticators, token, audiences, wanted) => {
    expect(await authenticateToken(authenticators, token, audiences, own)).toEqual(wanted);
  });
});
