/** Changes of the file of `--authorization-config` while the server runs, and what is counted of webhooks. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { call, MAPS } from './http-client.js';
import { authorizationConfiguration, authorizationWebhook, useReviewService } from './review-service.js';
import type { ServerProcess } from './server-process.js';

const FLAGS = [
  '--authentication-token-webhook-config-file=DIR/token.kubeconfig',
  '--authentication-token-webhook-version=v1',
  '--authorization-config=DIR/authorization.json',
  '--v=2',
];
const RBAC = { type: 'RBAC', name: 'rbac' };
const CONTROLLER = 'apiserver_authorization_config_controller';

const { service, start: startServer } = await useReviewService();

const start = (...authorizers: object[]): Promise<ServerProcess> =>
  startServer(FLAGS, { 'authorization.json': authorizationConfiguration(...authorizers) });
const pathOf = ({ dir }: ServerProcess): string => join(dir, 'authorization.json');
const write = (server: ServerProcess, ...authorizers: object[]): void =>
  writeFileSync(pathOf(server), JSON.stringify(authorizationConfiguration(...authorizers)).replaceAll('DIR', server.dir));
const statusFor = async (server: ServerProcess, user: string): Promise<number> =>
  (await call(server, 'GET', `${MAPS}/none`, { token: `user-${user}` })).status;
/** Samples of the metrics whose name begins so, without times. */
const samples = async (server: ServerProcess, prefix: string): Promise<string[]> =>
  (await call(server, 'GET', '/metrics')).text
    .split('\n')
    .filter((line) => line.startsWith(prefix) && !line.includes('_seconds'))
    .map((line) => line.replace(/sha256:[0-9a-f]{64}"(?=[,}])/g, (hash) => (hash === `${hashOf(server)}"` ? 'IN-FORCE"' : 'HASH"')));
const hashOf = (server: ServerProcess): string =>
  `sha256:${createHash('sha256')
    .update(readFileSync(pathOf(server)))
    .digest('hex')}`;
const logged = (server: ServerProcess): string[] =>
  server.stderr
    .split('\n')
    .filter((line) => line.includes('"component":"authorization"'))
    .map((line) => JSON.parse(line) as { msg: string; err?: { message: string } })
    .map(({ msg, err }) => (err === undefined ? msg : `${msg}: ${err.message}`));

describe('the file of --authorization-config', () => {
  it('is taken when it changed, also by another file in its place', async () => {
    const server = await start(RBAC);
    expect(await statusFor(server, 'jane')).toBe(403);
    expect(await samples(server, CONTROLLER)).toEqual([`${CONTROLLER}_last_config_info{apiserver_id_hash="HASH",hash="IN-FORCE"} 1`]);
    write(server, RBAC, authorizationWebhook('allow'));
    await expect.poll(() => statusFor(server, 'jane'), { timeout: 20_000 }).toBe(404);
    const other = join(server.dir, 'other.json');
    writeFileSync(other, JSON.stringify(authorizationConfiguration(RBAC)));
    renameSync(other, pathOf(server));
    await expect.poll(() => statusFor(server, 'jane'), { timeout: 20_000 }).toBe(403);
    expect(await samples(server, CONTROLLER)).toEqual([
      `${CONTROLLER}_automatic_reloads_total{apiserver_id_hash="HASH",status="success"} 2`,
      `${CONTROLLER}_last_config_info{apiserver_id_hash="HASH",hash="IN-FORCE"} 1`,
    ]);
    expect(logged(server)).toEqual(['reloaded authz config', 'reloaded authz config']);
  });

  it('leaves the authorizers as they are when it is not valid, or names what the server did not start with', async () => {
    const server = await start(RBAC, authorizationWebhook('allow'));
    const failure = async (...authorizers: object[]): Promise<string | undefined> => {
      const count = logged(server).length;
      write(server, ...authorizers);
      await expect.poll(() => logged(server).length, { timeout: 20_000 }).toBe(count + 1);
      expect(await statusFor(server, `jane-${count}`)).toBe(404);
      return logged(server).at(-1);
    };
    const reload = 'reloading authorization config: ';
    expect(await failure()).toBe(`${reload}authorizers: Required value: at least one authorization mode must be defined`);
    expect(await failure(authorizationWebhook('allow'))).toBe(`${reload}missing required types: [RBAC]`);
    expect(await failure(RBAC, { type: 'Node', name: 'node' })).toBe(
      `${reload}authorizer type Node is not allowed if it was not enabled at initial server startup`,
    );
    expect(await samples(server, CONTROLLER)).toEqual([
      `${CONTROLLER}_automatic_reloads_total{apiserver_id_hash="HASH",status="failure"} 3`,
      `${CONTROLLER}_last_config_info{apiserver_id_hash="HASH",hash="HASH"} 1`,
    ]);
  });

  it('lets webhooks that went answer what they were asked', async () => {
    const server = await start(RBAC, authorizationWebhook('held'));
    const asked = statusFor(server, 'jane');
    await expect.poll(() => service.held.length, { timeout: 20_000 }).toBe(1);
    write(server, RBAC, authorizationWebhook('deny'));
    await expect.poll(() => logged(server), { timeout: 20_000 }).toEqual(['reloaded authz config']);
    expect(await statusFor(server, 'joe')).toBe(403);
    service.held[0]?.allow();
    expect(await asked).toBe(404);
  });
});

describe('authorization', () => {
  it('is counted by authorizer, and webhooks by what became of calls', async () => {
    const condition = (expression: string): object => ({
      matchConditionSubjectAccessReviewVersion: 'v1',
      matchConditions: [{ expression }],
    });
    const server = await start(
      authorizationWebhook('broken', { failurePolicy: 'NoOpinion', ...condition("request.user == 'unlucky'") }),
      RBAC,
      authorizationWebhook('allow', condition("request.extra['team'][0] == 'x' || request.user != 'joe'")),
    );
    expect(await statusFor(server, 'unlucky')).toBe(404);
    expect(await statusFor(server, 'jane')).toBe(404);
    expect(await statusFor(server, 'jane')).toBe(404);
    expect((await call(server, 'GET', '/version', { token: 'user-jane' })).status).toBe(200);
    expect(await statusFor(server, 'joe')).toBe(500);
    expect(await samples(server, 'apiserver_authorization_')).toEqual(
      expect.arrayContaining([
        'apiserver_authorization_decisions_total{type="RBAC",name="rbac",decision="allowed"} 1',
        'apiserver_authorization_decisions_total{type="Webhook",name="allow",decision="allowed"} 3',
        'apiserver_authorization_decisions_total{type="Webhook",name="allow",decision="denied"} 1',
        'apiserver_authorization_webhook_evaluations_total{name="broken",result="error"} 1',
        'apiserver_authorization_webhook_evaluations_total{name="allow",result="success"} 2',
        'apiserver_authorization_webhook_evaluations_fail_open_total{name="broken",result="error"} 1',
        'apiserver_authorization_match_condition_exclusions_total{type="Webhook",name="broken"} 4',
        'apiserver_authorization_match_condition_evaluation_errors_total{type="Webhook",name="allow"} 1',
      ]),
    );
    const { text } = await call(server, 'GET', '/metrics');
    expect(text).toContain('apiserver_authorization_webhook_duration_seconds_count{name="allow",result="success"} 2\n');
    expect(text).toContain('apiserver_authorization_match_condition_evaluation_seconds_count{type="Webhook",name="broken"} 5\n');
    expect(text).toContain('apiserver_authorization_match_condition_evaluation_seconds_bucket{le="0.25",type="Webhook",name="broken"}');
  });

  it('is broken off when its client has left', async () => {
    const server = await start(RBAC, authorizationWebhook('held'));
    const leaving = new AbortController();
    const gone = call(server, 'GET', `${MAPS}/none`, { token: 'user-jane', signal: leaving.signal }).catch(() => 'gone');
    await expect.poll(() => service.held.length, { timeout: 20_000 }).toBe(1);
    leaving.abort();
    expect(await gone).toBe('gone');
    await expect.poll(() => service.held[0]?.response.destroyed, { timeout: 20_000 }).toBe(true);
    await expect
      .poll(() => samples(server, 'apiserver_authorization_webhook_evaluations'), { timeout: 20_000 })
      .toEqual(['apiserver_authorization_webhook_evaluations_total{name="held",result="canceled"} 1']);
  });
});
