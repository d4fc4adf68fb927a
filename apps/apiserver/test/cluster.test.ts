/** Two servers side by side on a cluster of three etcd members, one of which is killed: they behave as one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { agent, call, configMap, MAPS, TOKENS } from './http-client.js';
import { ServerProcess } from './server-process.js';

const ROUNDS = 30;

describe.runIf(hasEtcd())('two servers on three etcd members', () => {
  let members: EtcdProcess[];
  let one: ServerProcess;
  let two: ServerProcess;

  beforeAll(async () => {
    members = await EtcdProcess.startCluster(3);
    const start = async (): Promise<ServerProcess> => {
      const server = new ServerProcess((dir) => [
        '--token-auth-file',
        join(dir, 'tokens.csv'),
        '--etcd-servers',
        members.map(({ url }) => url).join(','),
      ]);
      writeFileSync(join(server.dir, 'tokens.csv'), TOKENS);
      await server.start();
      return server;
    };
    one = await start();
    two = await start();
  });

  afterAll(async () => {
    await one?.dispose();
    await two?.dispose();
    for (const member of members ?? []) await member.dispose();
  });

  it('shows what one has written in the next read of the other, before and after a member is lost', async () => {
    const seen: string[] = [];
    const watch = await request(`${two.url}${MAPS}?watch=1&fieldSelector=metadata.name%3Dshared`, {
      dispatcher: agent,
      headers: { authorization: 'Bearer admin-token' },
    });
    let buffered = '';
    watch.body.on('data', (chunk: Buffer) => {
      const lines = (buffered + chunk.toString()).split('\n');
      buffered = lines.pop() as string;
      for (const line of lines) seen.push((JSON.parse(line) as { object: { data: { value: string } } }).object.data.value);
    });
    watch.body.on('error', () => {});
    expect((await call(one, 'POST', MAPS, { body: configMap('shared', '0') })).status).toBe(201);
    for (let round = 1; round <= ROUNDS; round++) {
      if (round === ROUNDS / 2) await members[0]?.kill();
      const [writer, reader] = round % 2 === 0 ? [one, two] : [two, one];
      const put = async (): Promise<number> =>
        (await call(writer, 'PUT', `${MAPS}/shared`, { body: configMap('shared', String(round)) })).status;
      // Right after the loss a write may fail while a leader is elected; it says so and is tried again.
      await vi.waitUntil(async () => (await put()) === 200, { timeout: 20_000, interval: 200 });
      expect((await call(reader, 'GET', `${MAPS}/shared`)).body.data).toEqual({ value: String(round) });
    }
    await vi.waitUntil(() => seen.at(-1) === String(ROUNDS), { timeout: 10_000 });
    expect([...new Set(seen)]).toEqual(Array.from({ length: ROUNDS + 1 }, (_, i) => String(i)));
    watch.body.destroy();
  });

  it('lets exactly one of two competing writers win', async () => {
    const { body } = await call(one, 'GET', `${MAPS}/shared`);
    const metadata = body.metadata as { resourceVersion: string };
    const put = (server: ServerProcess, value: string): Promise<number> =>
      call(server, 'PUT', `${MAPS}/shared`, { body: { ...body, metadata, data: { value } } }).then(({ status }) => status);
    expect((await Promise.all([put(one, 'a'), put(two, 'b')])).sort()).toEqual([200, 409]);
  });
});
