// Replays recorded answers of a kube-apiserver against the built server on etcd, and fails below the noted floor.
//
//   node tools/golden.mjs FOLDER [scenario file…]
//
// FOLDER holds replay.mjs, scenarios/, expected/, tokens.csv, encryption.yaml and audit-policy.yaml.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { install, root, run } from './workspace.mjs';

const folder = resolve(process.argv[2] ?? '');
const only = process.argv.slice(3);
const floor = Number(readFileSync(join(root, '.ci', 'golden-floor'), 'utf8'));

install();
process.env.K_BUILD = 'js';
run('npx', ['turbo', 'run', 'build', '--only', '--filter=@k/apiserver-app', '--output-logs=errors-only']);

const freePort = () =>
  new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

const dir = mkdtempSync(join(tmpdir(), 'k-golden-'));
const children = [];
const start = (command, args) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
};

try {
  const [etcdPort, peerPort] = [await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  start('etcd', [
    ...['--data-dir', join(dir, 'etcd'), '--log-level', 'error', '--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
    ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`],
  ]);
  const auditLog = join(dir, 'audit.log');
  const server = start(process.execPath, [
    join(root, 'apps/apiserver/dist/main.js'),
    ...['--secure-port', '0', '--data-dir', join(dir, 'data'), '--etcd-servers', etcdUrl, '--etcd-compaction-interval', '5s'],
    ...['--token-auth-file', join(folder, 'tokens.csv'), '--authorization-mode', 'RBAC'],
    ...['--encryption-provider-config', join(folder, 'encryption.yaml'), '--audit-policy-file', join(folder, 'audit-policy.yaml')],
    ...['--audit-log-path', auditLog, '--service-cluster-ip-range', '10.0.0.0/24'],
  ]);
  const url = await new Promise((done, fail) => {
    let text = '';
    server.stdout.on('data', (chunk) => {
      text += chunk;
      const match = /ready at (\S+)/.exec(text);
      if (match) done(match[1]);
    });
    server.once('exit', (code) => fail(new Error(`the server ended with ${code}`)));
  });
  const args = ['--server', url, '--compare', join(folder, 'expected'), '--audit-log', auditLog, '--etcd', etcdUrl, '--jobs', '16'];
  let matched = 0;
  let total = 0;
  for (const scenarios of only.length > 0 ? only.map((name) => join(folder, 'scenarios', `${name}.mjs`)) : [join(folder, 'scenarios')]) {
    const { stdout } = spawnSync(process.execPath, [join(folder, 'replay.mjs'), ...args, '--scenarios', scenarios], {
      encoding: 'utf8',
      env: { ...process.env, ETCDCTL_API: '3' },
      maxBuffer: 256 * 2 ** 20,
    });
    const summary = /answers\s+(\d+)\/(\d+)/.exec(stdout) ?? /(\d+)\/(\d+) answers/.exec(stdout);
    process.stdout.write(
      `${stdout
        .split('\n')
        .filter((line) => !line.startsWith('DIFF') && !line.startsWith('   '))
        .join('\n')}\n`,
    );
    matched += Number(summary?.[1] ?? 0);
    total += Number(summary?.[2] ?? 0);
  }
  const score = total === 0 ? 0 : (100 * matched) / total;
  process.stdout.write(`golden: ${matched} of ${total} answers, ${score.toFixed(2)}%; floor ${floor}%\n`);
  process.exitCode = score >= floor || only.length > 0 ? 0 : 1;
} finally {
  for (const child of children) {
    if (child.exitCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(dir, { recursive: true, force: true });
}
