/** kubectl's logs, exec, attach, cp, port-forward and raw proxies, by way of the server to a kubelet. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { KubeletStandIn } from './kubelet-stand-in.js';
import { selfSigned } from './self-signed.js';
import { hasKubectl, runMain, ServerProcess } from './server-process.js';

const WAIT = { timeout: 50_000, interval: 100 };
const CLIENT = 'system:masters/kube-apiserver-kubelet-client';

const node = (name: string, address: string, port: number): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address }], daemonEndpoints: { kubeletEndpoint: { Port: port } } },
});
const pod = (name: string, nodeName: string, container = 'c'): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { nodeName, containers: [{ name: container, image: 'i' }] },
});

/** An address of this machine that proxies may lead to. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flat();
  const found = all.find((entry) => entry !== undefined && !entry.internal && entry.family === 'IPv4');
  if (found === undefined) throw new Error('this machine has no address besides those of the loopback interface');
  return found.address;
}

if (hasKubectl()) {
  describe('kubectl', () => {
    const kubelet = new KubeletStandIn();
    let server: ServerProcess;
    const apply = (object: object): Promise<string> => server.output('apply -f -', JSON.stringify(object));

    /** A kubectl that runs until it is ended. */
    const start = (args: string[], env: NodeJS.ProcessEnv = {}) => {
      const child = spawn('kubectl', ['--kubeconfig', server.kubeconfig, ...args], { env: { ...process.env, ...env, HOME: server.dir } });
      const output = { text: '', error: '' };
      child.stdout.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output.error += chunk.toString()));
      return { child, output };
    };

    beforeAll(async () => {
      server = await ServerProcess.start();
      await kubelet.start(await selfSigned(), readFileSync(join(server.dir, 'certs/ca.crt'), 'utf8'));
      await vi.waitFor(() => server.output('get serviceaccount default'), WAIT);
      await apply(node('n', '127.0.0.1', kubelet.port));
      await apply(pod('p', 'n'));
      await server.output(`patch pod p --subresource=status --type=merge -p '{"status":{"phase":"Running"}}'`);
    });

    afterAll(async () => {
      await kubelet.close();
      await server?.dispose();
    });

    describe('logs', () => {
      it('reads what the kubelet has', async () => {
        expect(await server.output('logs p')).toBe('one\ntwo\n');
        expect(await server.output('logs p --tail=1')).toBe('two\n');
        expect(kubelet.seen.at(-1)).toBe(`${CLIENT} GET /containerLogs/default/p/c?tailLines=1`);
      });

      it('follows it to its end', async () => {
        const { child, output } = start(['logs', '-f', 'p']);
        await expect.poll(() => output.text, WAIT).toBe('one\ntwo\n');
        const [follower] = kubelet.followers;
        follower?.write('three\n');
        await expect.poll(() => output.text, WAIT).toBe('one\ntwo\nthree\n');
        follower?.end('four\n');
        await once(child, 'close');
        expect([output.text, child.exitCode]).toEqual(['one\ntwo\nthree\nfour\n', 0]);
      });

      it('says what is wrong', async () => {
        const gone = createServer().listen(0, '127.0.0.1');
        await once(gone, 'listening');
        const { port } = gone.address() as AddressInfo;
        gone.close();
        await apply(node('down', '127.0.0.1', port));
        await apply(pod('unreachable', 'down'));
        await apply(pod('broken', 'n', 'broken'));
        await apply(pod('lost', 'nowhere'));
        const refused = async (args: string): Promise<string> => (await server.kubectl(args)).stderr;
        expect(await refused('logs unreachable')).toBe(
          `Error from server: Get "https://127.0.0.1:${port}/containerLogs/default/unreachable/c": dial tcp 127.0.0.1:${port}: connect: connection refused\n`,
        );
        expect(await refused('exec unreachable -- ls')).toContain(
          `error dialing backend: dial tcp 127.0.0.1:${port}: connect: connection refused`,
        );
        expect(await refused('logs broken')).toBe('Error from server (InternalError): Internal error occurred: failed to open log file\n');
        expect(await refused('logs lost')).toBe('Error from server (NotFound): nodes "nowhere" not found\n');
        expect(await refused('logs p -c x')).toMatch(/container x is not valid for pod p/);
      });
    });

    describe.each([
      ['over WebSockets', true, 'websocket'],
      ['over SPDY, where the kubelet refuses WebSockets', false, 'SPDY/3.1'],
    ])('%s', (_how, takesWebSockets, protocol) => {
      beforeAll(() => {
        kubelet.takesWebSockets = takesWebSockets;
        kubelet.seen.length = 0;
      });

      it('exec runs a command, with what it reads, writes and ends with', async () => {
        const { code, stdout, stderr } = await server.kubectl("exec -i p -- sh -c 'cat; echo err >&2; exit 3'", 'in\nput\n');
        expect([code, stdout]).toEqual([3, 'in\nput\n']);
        expect(stderr).toBe('err\ncommand terminated with exit code 3\n');
        const method = takesWebSockets ? 'GET' : 'POST';
        const query = 'command=sh&command=-c&command=cat%3B+echo+err+%3E%262%3B+exit+3&error=1&input=1&output=1';
        expect(kubelet.seen.at(-1)).toBe(`${CLIENT} ${method} /exec/default/p/c?${query} ${protocol}`);
      });

      it('exec hands on more than fits into any buffer', async () => {
        const { code, stdout } = await server.kubectl("exec p -- sh -c 'head -c 3000000 /dev/zero | tr \\0 x'");
        expect([code, stdout.length]).toEqual([0, 3_000_000]);
      });

      it('attach reaches the process', async () => {
        const { code, stdout } = await server.kubectl('attach -i -q p', 'hello\n');
        expect([code, stdout]).toEqual([0, 'hello\n']);
        expect(kubelet.seen.at(-1)).toContain(' /attach/default/p/c?');
      });

      it('cp copies both ways', async () => {
        const [there, back] = [join(server.dir, `there-${takesWebSockets}`), join(server.dir, `back-${takesWebSockets}`)];
        const local = join(server.dir, 'local');
        writeFileSync(local, 'content '.repeat(10_000));
        await server.output(`cp ${local} p:${there}`);
        expect(readFileSync(there, 'utf8')).toBe(readFileSync(local, 'utf8'));
        await server.output(`cp p:${there} ${back}`);
        expect(readFileSync(back, 'utf8')).toBe(readFileSync(local, 'utf8'));
      });
    });

    it.each([
      ['in a WebSocket', 'true', 'GET'],
      ['over SPDY', 'false', 'CREATE'],
    ])('port-forward %s reaches a port', async (_how, useWebSockets, verb) => {
      const series = `apiserver_request_total{verb="${verb}",group="",version="v1",resource="pods",subresource="portforward"`;
      const isCounted = async (): Promise<boolean> =>
        (await server.output('get --raw /metrics')).split('\n').some((line) => line.startsWith(series) && line.includes('code="101"'));
      expect(await isCounted()).toBe(false);
      const { child, output } = start(['port-forward', 'p', ':80', '--address=127.0.0.1'], {
        KUBECTL_PORT_FORWARD_WEBSOCKETS: useWebSockets,
      });
      await expect.poll(() => output.text, WAIT).toMatch(/^Forwarding from 127\.0\.0\.1:\d+ -> 80\n/);
      const port = Number(/:(\d+) ->/.exec(output.text)?.[1]);
      for (const text of ['first', 'second']) {
        const socket = connect(port, '127.0.0.1');
        socket.write(text);
        expect(String((await once(socket, 'data'))[0])).toBe(text.toUpperCase());
        socket.end();
        await once(socket, 'close');
      }
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
      expect(kubelet.seen.at(-1)).toBe(`${CLIENT} POST /portForward/default/p SPDY/3.1`);
      expect(await isCounted()).toBe(true);
    });

    it('get --raw reaches services and nodes', async () => {
      const behind = createHttpServer((request, response) => response.end(`${request.method} ${request.url}`)).listen(0, '0.0.0.0');
      await once(behind, 'listening');
      const { port } = behind.address() as AddressInfo;
      const ip = ownAddress();
      await apply(node('reachable', ip, kubelet.port));
      await apply(pod('web', 'reachable'));
      await server.output(`patch pod web --subresource=status --type=merge -p '{"status":{"podIP":"${ip}","podIPs":[{"ip":"${ip}"}]}}'`);
      await apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });
      const address = { ip, targetRef: { kind: 'Pod', namespace: 'default', name: 'web' } };
      await apply({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 's' }, subsets: [{ addresses: [address], ports: [{ port }] }] });
      expect(await server.output('get --raw /api/v1/namespaces/default/services/s:80/proxy/a/b?c=d')).toBe('GET /a/b?c=d');
      expect(await server.output(`get --raw /api/v1/namespaces/default/pods/web:${port}/proxy/`)).toBe('GET /');
      expect(await server.output('get --raw /api/v1/nodes/reachable/proxy/healthz')).toBe('ok');
      behind.close();
    });
  });

  describe('flags of kubelets', () => {
    it('name the certificate that they see, and the CA of theirs', async () => {
      const [client, serving] = await Promise.all([selfSigned(), selfSigned()]);
      const kubelet = new KubeletStandIn();
      await kubelet.start(serving, client.cert);
      const server = new ServerProcess((dir) => {
        writeFileSync(join(dir, 'client.crt'), client.cert);
        writeFileSync(join(dir, 'client.key'), client.key);
        writeFileSync(join(dir, 'kubelet-ca.crt'), serving.cert);
        return [
          ...['--kubelet-client-certificate', join(dir, 'client.crt'), '--kubelet-client-key', join(dir, 'client.key')],
          ...['--kubelet-certificate-authority', join(dir, 'kubelet-ca.crt'), '--kubelet-port', String(kubelet.port)],
          ...['--kubelet-preferred-address-types', 'ExternalIP,InternalIP', '--kubelet-timeout', '20s'],
        ];
      });
      await server.start();
      await expect.poll(async () => (await server.kubectl('get serviceaccount default')).code, WAIT).toBe(0);
      const status = {
        addresses: [
          { type: 'InternalIP', address: '192.0.2.1' },
          { type: 'ExternalIP', address: '127.0.0.1' },
        ],
      };
      await server.output('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, status }));
      await server.output('apply -f -', JSON.stringify(pod('p', 'n')));
      expect(await server.output('logs p')).toBe('one\ntwo\n');
      expect(kubelet.seen).toEqual(['undefined/test GET /containerLogs/default/p/c']);
      await kubelet.close();
      await server.dispose();
    });
  });
}

describe('flags of kubelets', () => {
  const refused = async (...args: string[]): Promise<string> => (await runMain(args)).stderr.split('\n')[0] as string;

  it('are checked before anything starts', async () => {
    expect(await refused('--kubelet-client-certificate', import.meta.filename)).toBe(
      'Error: --kubelet-client-certificate and --kubelet-client-key must be given together',
    );
    expect(await refused('--kubelet-certificate-authority', import.meta.filename)).toMatch(/^Error: --kubelet-certificate-authority: /);
    expect(await refused('--kubelet-timeout', '0s')).toBe(
      'Error: invalid argument "0s" for "--kubelet-timeout" flag: must not be less than 1ms',
    );
  });
});
