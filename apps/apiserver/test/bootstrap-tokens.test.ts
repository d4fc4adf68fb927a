/** Bootstrap tokens of a real server: Secrets that clients write, as kubeadm does. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, TOKENS } from './http-client.js';
import { ServerProcess } from './server-process.js';
import { whoami } from './whoami.js';

const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const PART = '0123456789abcdef';
const TYPE = 'bootstrap.kubernetes.io/token';

let server: ServerProcess;
let made = 0;

beforeAll(async () => {
  server = await startWith('--enable-bootstrap-token-auth', '--v=4');
});
afterAll(() => server.dispose());

async function startWith(...flags: string[]): Promise<ServerProcess> {
  const started = new ServerProcess((dir) => {
    writeFileSync(join(dir, 'tokens.csv'), TOKENS);
    return [`--token-auth-file=${dir}/tokens.csv`, ...flags];
  });
  await started.start();
  return started;
}

/** What {@link make} makes of a token. */
interface Made {
  id: string;
  token: string;
}

/** A Secret of a token that is good but for what `more` says; undefined takes an entry out. */
async function make(
  more: Record<string, string | undefined> = {},
  { type = TYPE, finalizers = [] as string[], namespace = 'kube-system', on = server } = {},
): Promise<Made> {
  const id = `tok${String(++made).padStart(3, '0')}`;
  const data = { 'token-id': id, 'token-secret': PART, 'usage-bootstrap-authentication': 'true', ...more };
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${id}`, finalizers },
    type,
    stringData: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)),
  };
  const { status, text } = await call(on, 'POST', SECRETS.replace('kube-system', namespace), { body });
  expect(status, text).toBe(201);
  return { id, token: `${id}.${PART}` };
}

const user = ({ id }: Made, ...groups: string[]): object => ({
  username: `system:bootstrap:${id}`,
  groups: ['system:bootstrappers', ...groups, 'system:authenticated'],
});
const fromNow = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z');

describe('a bootstrap token', () => {
  it('is who its Secret says, with its groups', async () => {
    const plain = await make();
    expect(await whoami(server, plain.token)).toEqual(user(plain));
    const groups = 'system:bootstrappers:workers,system:bootstrappers:a:b-1,system:bootstrappers:workers';
    const full = await make({ expiration: fromNow(3600), 'auth-extra-groups': groups });
    expect(await whoami(server, full.token)).toEqual(user(full, 'system:bootstrappers:a:b-1', 'system:bootstrappers:workers'));
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: plain.token } };
    const { body } = await call(server, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body: review });
    expect(body['status']).toEqual({
      authenticated: true,
      user: user(plain),
      audiences: ['https://kubernetes.default.svc.cluster.local'],
    });
  });

  it('is not taken when its Secret is not as it should be', async () => {
    const refused: [Record<string, string | undefined>, string][] = [
      [{ 'token-secret': 'f'.repeat(16) }, 'has invalid value for key token-secret'],
      [{ 'token-secret': undefined }, 'has invalid value for key token-secret'],
      [{ 'token-id': 'other1' }, 'has invalid value for key token-id, expected ID'],
      [{ expiration: fromNow(-1) }, 'has expired'],
      [{ expiration: 'tomorrow' }, 'has expired'],
      [{ expiration: '2999-01-01' }, 'has expired'],
      [{ 'usage-bootstrap-authentication': undefined }, 'not marked usage-bootstrap-authentication=true'],
      [{ 'usage-bootstrap-authentication': 'false' }, 'not marked usage-bootstrap-authentication=true'],
      ...['system:masters', 'system:bootstrappers:', 'system:bootstrappers:A', 'system:bootstrappers:a,'].map(
        (groups): [Record<string, string>, string] => [
          { 'auth-extra-groups': groups },
          `has invalid value for key auth-extra-groups: bootstrap group "${groups.split(',').at(-1)}" is invalid ` +
            '(must match ^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$)',
        ],
      ),
    ];
    for (const [more, why] of refused) {
      const { id, token } = await make(more);
      expect(await whoami(server, token), JSON.stringify(more)).toBe(401);
      const said = JSON.stringify(`Bootstrap secret kube-system/bootstrap-token-${id} matching bearer token ${why.replace('ID', id)}`);
      await expect.poll(() => server.stderr, { timeout: 20_000 }).toContain(said);
    }
    const other = await make({}, { type: 'Opaque' });
    expect(await whoami(server, other.token)).toBe(401);
    expect(await whoami(server, (await make({}, { namespace: 'default' })).token)).toBe(401);
    expect(server.stderr).toContain(`matching bearer token has invalid type, expected ${TYPE}`);
    expect(server.stderr).not.toContain(PART);
  });

  it('is nobody without its Secret, in another form, or while that is deleted', async () => {
    const { id, token } = await make({}, { finalizers: ['example.org/wait'] });
    expect(await whoami(server, token)).toMatchObject({ username: `system:bootstrap:${id}` });
    for (const wrong of [token.toUpperCase(), `${token}0`, `x${token}`, `${id}.`, id, `tok999.${PART}`]) {
      expect(await whoami(server, wrong), wrong).toBe(401);
    }
    await call(server, 'DELETE', `${SECRETS}/bootstrap-token-${id}`);
    expect((await call(server, 'GET', `${SECRETS}/bootstrap-token-${id}`)).body['metadata']).toHaveProperty('deletionTimestamp');
    expect(await whoami(server, token)).toBe(401);
  });

  it('is nobody without the flag', async () => {
    const plain = await startWith();
    try {
      const { token } = await make({}, { on: plain });
      expect(await whoami(plain, token)).toBe(401);
    } finally {
      await plain.dispose();
    }
  });
});
