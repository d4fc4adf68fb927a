/** Servers that end with the test that started them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { TOKENS } from './http-client.js';
import { ServerProcess } from './server-process.js';

/** Starts a server that knows {@link TOKENS}, with the flags that are made of its folder. */
export type StartServer = (flagsOf: (dir: string) => readonly string[]) => Promise<ServerProcess>;

/** For the tests of a file. */
export function useServers(): StartServer {
  const servers: ServerProcess[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.dispose();
  });
  return async (flagsOf) => {
    const server = new ServerProcess((dir) => {
      writeFileSync(join(dir, 'tokens.csv'), TOKENS);
      return [`--token-auth-file=${dir}/tokens.csv`, ...flagsOf(dir)];
    });
    servers.push(server);
    await server.start();
    return server;
  };
}
