/** A user's session with kubectl, on the embedded store and on etcd: what is typed and what comes back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEPLOYMENT } from './manifests.js';
import { hasKubectl, ServerProcess } from './server-process.js';

/** Fields of a line, split at two or more spaces. */
const columns = (line: string): string[] => line.trim().split(/\s{2,}/);

const stores = [{ name: 'the embedded store', etcd: false }, ...(hasEtcd() ? [{ name: 'etcd', etcd: true }] : [])];

describe.runIf(hasKubectl()).each(stores)('kubectl on $name', ({ etcd: usesEtcd }) => {
  let etcd: EtcdProcess | null = null;
  let server: ServerProcess;

  beforeAll(async () => {
    if (usesEtcd) etcd = await EtcdProcess.start();
    server = await ServerProcess.start(etcd === null ? [] : ['--etcd-servers', etcd.url]);
  });

  afterAll(async () => {
    await server?.dispose();
    await etcd?.dispose();
  });

  it('applies, shows, changes and compares a deployment', async () => {
    expect(await server.output('apply --validate=strict -f -', DEPLOYMENT)).toBe('deployment.apps/web created\n');
    expect(await server.output('apply -f -', DEPLOYMENT)).toBe('deployment.apps/web unchanged\n');
    const [head = '', row = ''] = (await server.output('get deployments -o wide')).split('\n');
    expect(columns(head)).toEqual(['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE', 'CONTAINERS', 'IMAGES', 'SELECTOR']);
    expect(columns(row).filter((_, i) => i !== 4)).toEqual(['web', '0/2', '0', '0', 'app', 'nginx:1.25', 'app=web']);
    expect(await server.output('scale deployment/web --replicas=3')).toBe('deployment.apps/web scaled\n');
    expect(
      await server.output(
        'patch deployment web -p \'{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"nginx:1.26"}]}}}}\'',
      ),
    ).toBe('deployment.apps/web patched\n');
    expect(await server.output('label deployment web tier=front')).toBe('deployment.apps/web labeled\n');
    expect(await server.output('annotate deployment web note=x')).toBe('deployment.apps/web annotated\n');
    const shown = (await server.json('get deployment web')) as unknown as {
      metadata: { generation: number; labels: Record<string, string>; annotations: Record<string, string> };
      spec: { replicas: number; template: { spec: { containers: { image: string; imagePullPolicy: string; ports: object[] }[] } } };
    };
    expect(shown.spec.replicas).toBe(3);
    expect(shown.metadata.labels).toEqual({ app: 'web', tier: 'front' });
    expect(shown.metadata.annotations.note).toBe('x');
    // Created, scaled, patched, annotated.
    expect(shown.metadata.generation).toBe(4);
    expect(shown.spec.template.spec.containers[0]).toMatchObject({
      image: 'nginx:1.26',
      ports: [{ containerPort: 80, protocol: 'TCP' }],
    });
    const diff = await server.kubectl('diff -f -', DEPLOYMENT);
    expect(diff.code).toBe(1);
    expect(diff.stdout.split('\n').filter((line) => /^[-+] /.test(line) && !line.includes('generation'))).toEqual([
      '-  replicas: 3',
      '+  replicas: 2',
      '-      - image: nginx:1.26',
      '+      - image: nginx:1.25',
    ]);
    expect(await server.output('rollout history deployment/web')).toBe('deployment.apps/web \nNo rollout history found.\n');
    expect(await server.output('describe deployment web')).toMatch(/^Name: +web\nNamespace: +default\n/);
    expect(await server.output('get deployments -A -l tier=front -o name')).toBe('deployment.apps/web\n');
    expect(await server.output('get deployments -l tier!=front -o name')).toBe('');
  });

  it('applies on the server, and tells managers that disagree', async () => {
    const object = (value: string): string => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"shared"},"data":{"k":"${value}"}}`;
    expect(await server.output('apply --server-side --field-manager=one -f -', object('1'))).toBe('configmap/shared serverside-applied\n');
    const refused = await server.kubectl('apply --server-side --field-manager=two -f -', object('2'));
    expect(refused.code).toBe(1);
    expect(refused.stderr.split('\n')[0]).toBe('error: Apply failed with 1 conflict: conflict with "one": .data.k');
    expect(await server.output('apply --server-side --field-manager=two --force-conflicts -f -', object('2'))).toBe(
      'configmap/shared serverside-applied\n',
    );
    expect(await server.output("get configmap shared -o 'jsonpath={.data.k}'")).toBe('2');
  });

  it('creates what kubectl sends as protobuf', async () => {
    expect(await server.output('create secret generic s --from-literal=a=b')).toBe('secret/s created\n');
    expect(await server.output('create configmap c --from-literal=x=old')).toBe('configmap/c created\n');
    expect(await server.output('create service nodeport np --tcp=80:8080')).toBe('service/np created\n');
    expect(await server.output('create job j --image=busybox -- date')).toBe('job.batch/j created\n');
    expect(await server.output("create ingress i '--rule=a.com/x*=np:80,tls=t'")).toBe('ingress.networking.k8s.io/i created\n');
    expect(await server.output("get secret s -o 'jsonpath={.data.a}'")).toBe('Yg==');
    const service = (await server.json('get service np')) as unknown as {
      spec: { ports: { nodePort: number; targetPort: number }[]; clusterIP: string };
    };
    expect(service.spec.ports[0]).toMatchObject({ port: 80, protocol: 'TCP', targetPort: 8080 });
    expect(service.spec.ports[0]?.nodePort).toBeGreaterThanOrEqual(30_000);
    expect(service.spec.clusterIP).toMatch(/^10\.0\.0\.\d+$/);
    expect(await server.output("get ingress i -o 'jsonpath={.spec.rules[0].http.paths[0].pathType}'")).toBe('Prefix');
  });

  it('explains, lists resources and says who one is', async () => {
    const explained = await server.output('explain deployment.spec.replicas');
    expect(explained).toMatch(/^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n\nFIELD: replicas <integer>\n/);
    const resources = (await server.output('api-resources --no-headers -o name')).trim().split('\n');
    expect(resources).toContain('deployments.apps');
    expect(resources).toContain('validatingadmissionpolicies.admissionregistration.k8s.io');
    expect(await server.output('auth can-i create pods')).toBe('yes\n');
    expect((await server.kubectl('auth can-i create pods --as=nobody')).stdout).toBe('no\n');
    expect((await server.output('auth whoami')).split('\n').slice(1, 3).map(columns)).toEqual([
      ['Username', 'kubernetes-admin'],
      ['Groups', '[system:masters system:authenticated]'],
    ]);
  });

  it('edits with an editor', async () => {
    const editor = join(server.dir, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i \'s/^  x: old$/  x: new/\' "$1"\n', { mode: 0o755 });
    process.env.KUBE_EDITOR = editor;
    expect(await server.output('edit configmap c')).toBe('configmap/c edited\n');
    delete process.env.KUBE_EDITOR;
    expect(await server.output("get configmap c -o 'jsonpath={.data.x}'")).toBe('new');
  });

  it('watches', async () => {
    const watched = server.kubectl('get configmaps --field-selector=metadata.name=later -w --request-timeout=5s -o name');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await server.output('create configmap later --from-literal=a=1');
    await server.output('label configmap later b=2');
    await server.output('delete configmap later');
    expect((await watched).stdout).toBe('configmap/later\nconfigmap/later\nconfigmap/later\n');
  });

  it('prunes what is no longer in the set, and deletes with everything that belongs to it', async () => {
    const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {set: s}}\n`;
    const prune = 'apply --prune -l set=s --prune-allowlist=core/v1/ConfigMap -f -';
    await server.output(prune, `${map('p1')}---\n${map('p2')}`);
    expect(await server.output(prune, map('p1'))).toBe('configmap/p1 unchanged\nconfigmap/p2 pruned\n');
    expect(await server.output('delete deployment web')).toBe('deployment.apps "web" deleted\n');
    expect(await server.output('create namespace gone')).toBe('namespace/gone created\n');
    await server.output('create configmap inside -n gone --from-literal=a=b');
    expect(await server.output('delete namespace gone --timeout=30s')).toBe('namespace "gone" deleted\n');
    const { code, stderr } = await server.kubectl('get namespace gone');
    expect([code, stderr]).toEqual([1, 'Error from server (NotFound): namespaces "gone" not found\n']);
  });
});
