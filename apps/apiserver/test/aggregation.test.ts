/** A second server behind the first, registered as extension API servers are, and a kubectl that knows only the first. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasKubectl, runMain, ServerProcess } from './server-process.js';

const WAIT = { timeout: 50_000, interval: 200 };
const GROUP = 'ext.example.com';
const NONE = 'No resources found in default namespace.\n';

/** The first lines of a manifest. */
const head = (apiVersion: string, kind: string, metadata: string): string => `---
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {${metadata}}`;

const DEFINITION = `
${head('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `name: widgets.${GROUP}`)}
spec:
  group: ${GROUP}
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer, description: How large it is.}
`;

const registration = (port: string): string => `
${head('v1', 'Service', 'name: ext, namespace: default')}
spec: {type: ExternalName, externalName: localhost}
${head('apiregistration.k8s.io/v1', 'APIService', `name: v1.${GROUP}`)}
spec:
  group: ${GROUP}
  version: v1
  groupPriorityMinimum: 1000
  versionPriority: 15
  insecureSkipTLSVerify: true
  service: {name: ext, namespace: default, port: ${port}}
`;

const widget = (name: string, size: number): string =>
  `{"apiVersion":"${GROUP}/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":{"size":${size}}}`;

/** Rights of one user on widgets. */
const rights = (user: string): string => `
${head('rbac.authorization.k8s.io/v1', 'ClusterRole', 'name: widgets')}
rules: [{apiGroups: [${GROUP}], resources: [widgets], verbs: ["*"]}]
${head('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', `name: widgets-${user}`)}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: widgets}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user}}]
`;

const columns = (line: string): string[] => line.trim().split(/\s{2,}/);

if (hasKubectl()) {
  describe('a server behind the server', () => {
    let server: ServerProcess;
    let extension: ServerProcess;

    beforeAll(async () => {
      server = await ServerProcess.start();
      extension = new ServerProcess((dir) => [
        ...['--requestheader-client-ca-file', join(dir, 'front-proxy-ca.crt'), '--requestheader-allowed-names', 'front-proxy-client'],
        ...['--requestheader-username-headers', 'X-Remote-User', '--requestheader-uid-headers', 'X-Remote-Uid'],
        ...['--requestheader-group-headers', 'X-Remote-Group', '--requestheader-extra-headers-prefix', 'X-Remote-Extra-'],
      ]);
    });

    afterAll(async () => {
      await Promise.all([server?.dispose(), extension?.dispose()]);
    });

    const available = () => server.output(`get apiservice v1.${GROUP} -o 'jsonpath={.status.conditions[0].reason}'`);

    it('learns how it will be asked', async () => {
      const read = async () => {
        const { data } = (await server.json('get configmap extension-apiserver-authentication -n kube-system')) as unknown as {
          data: Record<string, string>;
        };
        return data;
      };
      await expect.poll(async () => Object.keys(await read()), WAIT).toContain('requestheader-client-ca-file');
      const { 'client-ca-file': clientCa, 'requestheader-client-ca-file': proxyCa = '', ...lists } = await read();
      expect(clientCa).toMatch(/^-----BEGIN CERTIFICATE-----/);
      expect(lists).toEqual({
        'requestheader-allowed-names': '["front-proxy-client"]',
        'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
        'requestheader-group-headers': '["X-Remote-Group"]',
        'requestheader-uid-headers': '["X-Remote-Uid"]',
        'requestheader-username-headers': '["X-Remote-User"]',
      });
      writeFileSync(join(extension.dir, 'front-proxy-ca.crt'), proxyCa);
      await extension.start();
      await extension.output('apply -f -', DEFINITION);
      await extension.output('wait --for=condition=Established crd/widgets.ext.example.com --timeout=50s');
      await server.output('apply -f -', registration(new URL(extension.url).port));
      await expect.poll(available, WAIT).toBe('Passed');
    });

    it('serves kubectl by way of the first', async () => {
      await expect
        .poll(async () => (await server.output('api-resources --api-group=ext.example.com --no-headers')).split('\n').map(columns), WAIT)
        .toEqual([['widgets', 'wd', `${GROUP}/v1`, 'true', 'Widget'], ['']]);
      expect(await server.output('apply -f -', widget('a', 3))).toBe(`widget.${GROUP}/a created\n`);
      expect(await server.output('apply -f -', widget('a', 4))).toBe(`widget.${GROUP}/a configured\n`);
      const [head = '', row = ''] = (await server.output('get wd')).split('\n');
      expect([columns(head), columns(row)]).toEqual([
        ['NAME', 'SIZE'],
        ['a', '4'],
      ]);
      expect(await server.output('explain widget.spec.size')).toMatch(
        /^GROUP: +ext\.example\.com\nKIND: +Widget\nVERSION: +v1\n\nFIELD: size <integer>\n+DESCRIPTION:\n +How large it is\.\n/,
      );
      expect(columns((await server.output(`get apiservice v1.${GROUP} --no-headers`)).replace(/\S+\s*$/, ''))).toEqual([
        `v1.${GROUP}`,
        'default/ext',
        'True',
      ]);
      // It is there alone that they are kept.
      expect(await extension.output("get widget a -o 'jsonpath={.spec.size}'")).toBe('4');
      expect((await server.kubectl('get crd widgets.ext.example.com')).code).toBe(1);
      expect(await server.output('delete widget a')).toBe('widget.ext.example.com "a" deleted\n');
    });

    it('lets kubectl wait for changes', async () => {
      await server.output('create -f -', widget('later', 1));
      const waited = server.kubectl("wait widget/later '--for=jsonpath={.spec.size}=2' --timeout=50s");
      await server.output('patch widget later --type=merge -p \'{"spec":{"size":2}}\'');
      expect((await waited).stdout).toBe(`widget.${GROUP}/later condition met\n`);
      const gone = server.kubectl('wait widget/later --for=delete --timeout=50s');
      await server.output('delete widget later');
      expect((await gone).code).toBe(0);
    });

    it('knows who asks, and is asked only for who may ask the first', async () => {
      const get = () => server.kubectl('get widgets --as=bob --as-group=devs');
      const refused = `Error from server (Forbidden): widgets.${GROUP} is forbidden: User "bob" cannot list resource "widgets" in API group "${GROUP}" in the namespace "default"\n`;
      expect((await get()).stderr).toBe(refused);
      await server.output('apply -f -', rights('bob'));
      // Now it is the second that refuses, in the same words.
      await expect.poll(async () => (await get()).stderr, WAIT).toBe(refused);
      await extension.output('apply -f -', rights('bob'));
      await expect.poll(async () => (await get()).stderr, WAIT).toBe(NONE);
      expect(await server.output(`get --raw /apis/${GROUP}/v1/namespaces/default/widgets`)).toMatch(/"kind":"WidgetList"/);
    });

    it('is missed while it is away, and back when it is', async () => {
      await extension.end('SIGKILL');
      const { code, stderr } = await server.kubectl('get widgets');
      expect([code, stderr]).toEqual([
        1,
        `Error from server (ServiceUnavailable): the server is currently unable to handle the request (get widgets.${GROUP})\n`,
      ]);
      await extension.start();
      await expect.poll(async () => (await server.kubectl('get widgets')).stderr, WAIT).toBe(NONE);
    });

    it('is reached after a restart of the first', async () => {
      await server.end('SIGTERM');
      await server.start();
      expect((await server.kubectl('get widgets')).stderr).toBe(NONE);
    });
  });
}

describe('flags of proxies and servers behind', () => {
  const refused = async (...args: string[]): Promise<string> => (await runMain(args)).stderr.split('\n')[0] as string;

  it('are checked before anything starts', async () => {
    expect(await refused('--proxy-client-cert-file', '/none/x')).toBe(
      'Error: --proxy-client-cert-file: cannot read "/none/x": no such file',
    );
    expect(await refused('--proxy-client-cert-file', import.meta.filename)).toBe(
      'Error: --proxy-client-cert-file and --proxy-client-key-file must be given together',
    );
    expect(await refused('--requestheader-username-headers', 'a,,b')).toBe(
      'Error: --requestheader-username-headers: must not hold an empty value',
    );
    expect(await refused('--requestheader-client-ca-file', import.meta.filename)).toBe(
      'Error: --requestheader-client-ca-file: clientCa holds no certificate',
    );
  });
});
