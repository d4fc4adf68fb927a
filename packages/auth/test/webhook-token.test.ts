/** Tokens that a remote service knows: a real HTTPS service. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authenticateToken, authenticateWith } from '../src/index.js';
import { createWebhookTokenAuthenticator, ReviewClient, type WebhookTokenAuthenticatorOptions } from '../src/webhook.js';
import { useReviewService } from './support/review-service.js';

const { receiver, callerOptions, clock, errors } = await useReviewService();

const make = (options: Partial<WebhookTokenAuthenticatorOptions> = {}) =>
  createWebhookTokenAuthenticator({ ...callerOptions, audiences: ['api'], ...options });
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` }, path: '/' });
const JANE = { username: 'jane', uid: '7', groups: ['dev'], extra: { scopes: ['a'] } };

describe('a token', () => {
  it.each(['v1', 'v1beta1'] as const)('is asked about as a TokenReview of %s', async (version) => {
    receiver.reply({ authenticated: true, user: JANE, audiences: ['api', 'other'] });
    const { result } = await authenticateWith([make({ version })], true, bearer('s3cret'));
    expect(result).toEqual({ user: { ...JANE, groups: ['dev', 'system:authenticated'] }, audiences: ['api'] });
    expect(receiver.received[0]?.review).toEqual({
      kind: 'TokenReview',
      apiVersion: `authentication.k8s.io/${version}`,
      metadata: {},
      spec: { token: 's3cret', audiences: ['api'] },
      status: { user: {} },
    });
  });

  it.each([
    ['nobody knows', { authenticated: false }, []],
    ['is refused', { authenticated: false, error: 'expired' }, ['webhook: expired']],
    ['is for others', { authenticated: true, user: JANE, audiences: ['other'] }, []],
    [
      'has a user without a name of text',
      { authenticated: true, user: { username: 5 } },
      ["webhook: the answer's status.user.username is no string"],
    ],
    [
      'has groups that are none',
      { authenticated: true, user: { groups: 'dev' } },
      ["webhook: the answer's status.user.groups is no list of strings"],
    ],
  ])('that %s is no way in, not even as anonymous', async (_name, status, said) => {
    receiver.reply(status);
    expect(await authenticateWith([make()], true, bearer('x'))).toEqual({ result: null, errors: said });
  });

  it('goes nowhere when there is none', async () => {
    const { result } = await authenticateWith([make()], true, { headers: {}, path: '/' });
    expect([result?.user.username, receiver.received.length]).toEqual(['system:anonymous', 0]);
  });

  it('is reviewed for the audiences that a TokenReview asks for; without any, those of the server count', async () => {
    receiver.reply({ authenticated: true, user: JANE });
    const authenticator = make();
    expect(await authenticateToken([authenticator], 't', ['vault'], ['api'])).toEqual({ result: null, error: 'invalid bearer token' });
    const { result } = await authenticateToken([authenticator], 't', ['vault', 'api'], ['api']);
    expect(result?.audiences).toEqual(['api']);
    expect(receiver.received.map(({ review }) => review.spec.audiences)).toEqual([['vault'], ['vault', 'api']]);
  });
});

describe('an answer', () => {
  it('is remembered for its time, good or not, and asked for once by many', async () => {
    receiver.reply({ authenticated: true, user: JANE });
    const authenticator = make({ cacheTtlMs: 1000 });
    const ask = async (token: string): Promise<[string | undefined, number]> => {
      const result = await authenticator.authenticate(bearer(token));
      return [result?.user.username, receiver.received.length];
    };
    await Promise.all([ask('a'), ask('a'), ask('a')]);
    expect(await ask('a')).toEqual(['jane', 1]);
    receiver.reply({ authenticated: false });
    expect(await ask('b')).toEqual([undefined, 2]);
    expect(await ask('b')).toEqual([undefined, 2]);
    clock.nowMs += 1000;
    expect(await ask('a')).toEqual([undefined, 3]);
  });

  it('that fails is a 401, is told to the log without the token, and is not remembered', async () => {
    const authenticator = make();
    receiver.reply((response) => response.writeHead(404).end(), { authenticated: true, user: JANE });
    const { result } = await authenticateWith([authenticator], true, bearer('s3cret'));
    expect(result).toBe(null);
    expect(errors).toEqual(['the server could not find the requested resource']);
    expect((await authenticateWith([authenticator], true, bearer('s3cret'))).result?.user.username).toBe('jane');
  });
});

describe('the caller', () => {
  it('shows a token from a file that is read each time, or a password', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'k-auth-'));
    const tokenFile = join(dir, 'token');
    receiver.reply({ authenticated: false });
    const byFile = new ReviewClient({ target: { ...receiver.target, tokenFile } });
    for (const token of ['one', 'two']) {
      writeFileSync(tokenFile, `${token}\n`);
      await make({ client: byFile }).authenticate(bearer('x'));
    }
    const byPassword = new ReviewClient({ target: { ...receiver.target, username: 'u', password: 'p' } });
    await make({ client: byPassword }).authenticate(bearer('x'));
    expect(receiver.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two', 'Basic dTpw']);
    await byFile.close();
    await byPassword.close();
    await rm(dir, { recursive: true });
  });
});
