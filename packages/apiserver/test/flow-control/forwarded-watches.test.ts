import { afterAll, beforeAll, expect, it } from 'vitest';
import { AggregatingServer, WAIT } from '../support/aggregating-server.js';
import { NOTES } from '../support/extension-server.js';

const parts = new AggregatingServer();

beforeAll(async () => {
  await parts.start({ disabledControllers: ['*'] });
  await parts.publishService();
  await parts.register();
  await parts.untilAvailable();
});
afterAll(() => parts.stop());

it('a watch of another server keeps no seat here while it is open', async () => {
  const { client } = parts.server;
  const started = async (): Promise<string | undefined> => {
    const name = 'apiserver_flowcontrol_request_execution_seconds_count';
    const labels = 'priority_level="exempt",flow_schema="exempt",type="watch"';
    const { text } = await client.request('GET', '/metrics');
    return text.split('\n').find((line) => line.startsWith(`${name}{${labels}}`));
  };
  expect(await started()).toBeUndefined();
  const watch = await client.watch(`${NOTES}?watch=1`);
  await expect.poll(started, WAIT).toMatch(/ 1$/);
  const object = { metadata: { name: 'a' } };
  const next = watch.until(watch.events.length + 1, 20_000);
  parts.extension.push('ADDED', object);
  expect((await next).at(-1)).toEqual({ type: 'ADDED', object });
  watch.close();
});
