/** The guide's own command line and examples, with a real kubectl and a real etcd. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdProcess, freePorts, hasEtcd } from '@k/storage/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AES_GCM_CONFIG,
  AUDIT_POLICY,
  ENCRYPTION_CONFIG,
  INSECURE_APP,
  INSECURE_APP_REFUSAL,
  RESTRICTED_NAMESPACE,
  SECRET,
  SECURE_APP,
} from './manifests.js';
import { hasKubectl, ServerProcess } from './server-process.js';

interface AuditLine {
  stage: string;
  verb: string;
  objectRef?: { resource?: string; name?: string; namespace?: string };
  responseStatus: { code: number; message?: string };
  annotations?: Record<string, string>;
}

describe.runIf(hasEtcd() && hasKubectl())("the guide's command line on etcd", () => {
  const dir = mkdtempSync(join(tmpdir(), 'k-guide-'));
  let etcd: EtcdProcess;
  let server: ServerProcess;

  beforeAll(async () => {
    etcd = await EtcdProcess.start();
    const [port] = await freePorts(1);
    writeFileSync(join(dir, 'encryption-config.yaml'), ENCRYPTION_CONFIG);
    writeFileSync(join(dir, 'audit-policy.yaml'), AUDIT_POLICY);
    server = await ServerProcess.start([
      ...['--bind-address', `0.0.0.0:${port}`, '--etcd-servers', etcd.url.replace('127.0.0.1', 'localhost'), '--tls', '--tls-self-signed'],
      ...['--enable-admission-plugins', 'NamespaceLifecycle,PodSecurityStandards'],
      ...['--encryption-provider-config', join(dir, 'encryption-config.yaml')],
      ...['--audit-log-path', join(dir, 'audit.log'), '--audit-policy-file', join(dir, 'audit-policy.yaml')],
    ]);
  });

  afterAll(async () => {
    await server?.dispose();
    await etcd?.dispose();
    rmSync(dir, { recursive: true, force: true });
  });

  const stored = (key: string): Buffer =>
    execFileSync('etcdctl', ['--endpoints', etcd.url, 'get', '--print-value-only', key], { env: { ...process.env, ETCDCTL_API: '3' } });

  it('accepts the secure pod and refuses the insecure one in the words of kube-apiserver', async () => {
    expect(await server.output('apply -f -', RESTRICTED_NAMESPACE)).toBe('namespace/production created\n');
    expect(await server.output('apply -f -', SECURE_APP)).toBe('pod/secure-app created\n');
    const refused = await server.kubectl('apply -f -', INSECURE_APP);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(`Error from server (Forbidden): error when creating "STDIN": ${INSECURE_APP_REFUSAL}\n`);
    expect(await server.output('get pods -n production -o name')).toBe('pod/secure-app\n');
  });

  it('keeps a secret encrypted in etcd and gives it back in clear', async () => {
    expect(await server.output('apply -f -', SECRET)).toBe('secret/my-secret created\n');
    const bytes = stored('/registry/secrets/default/my-secret');
    expect(bytes.subarray(0, 'k8s:enc:aescbc:v1:key1:'.length).toString()).toBe('k8s:enc:aescbc:v1:key1:');
    expect(bytes.includes('cGFzc3dvcmQ')).toBe(false);
    expect(await server.output("get secret my-secret -o 'jsonpath={.data.password}'")).toBe('cGFzc3dvcmQ=');
    expect(stored('/registry/pods/production/secure-app').includes('"name":"secure-app"')).toBe(true);
  });

  it('logs both requests, the refusal with its words', async () => {
    const lines = execFileSync('cat', [join(dir, 'audit.log')], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditLine);
    const created = lines.filter(({ verb, stage }) => verb === 'create' && stage === 'ResponseComplete');
    const of = (name: string, resource: string): AuditLine[] =>
      created.filter(({ objectRef }) => objectRef?.name === name && objectRef.resource === resource);
    expect(of('secure-app', 'pods').map(({ responseStatus }) => responseStatus.code)).toEqual([201]);
    expect(of('insecure-app', 'pods').map(({ responseStatus }) => [responseStatus.code, responseStatus.message])).toEqual([
      [403, INSECURE_APP_REFUSAL],
    ]);
    expect(of('my-secret', 'secrets').map(({ responseStatus }) => responseStatus.code)).toEqual([201]);
    expect(JSON.stringify(lines)).not.toContain('cGFzc3dvcmQ=');
  });

  it('rotates to the recommended AES-GCM while running, and `kubectl replace` re-encrypts', async () => {
    writeFileSync(
      join(dir, 'encryption-config.yaml'),
      AES_GCM_CONFIG.replace('    - identity: {}', `    - aescbc:${ENCRYPTION_CONFIG.split('- aescbc:')[1]}`),
    );
    await server.end('SIGTERM');
    await server.start();
    const before = await server.output('get secrets --all-namespaces -o json');
    await server.output('replace -f -', before);
    expect(stored('/registry/secrets/default/my-secret').subarray(0, 'k8s:enc:aesgcm:v1:key1:'.length).toString()).toBe(
      'k8s:enc:aesgcm:v1:key1:',
    );
    expect(await server.output("get secret my-secret -o 'jsonpath={.data.password}'")).toBe('cGFzc3dvcmQ=');
  });
});
