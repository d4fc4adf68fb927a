import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ajvDraft04 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CHECKS } from '../src/index.js';
import { folder, run } from './cli-run.js';

const SECURE = `securityContext:
        allowPrivilegeEscalation: false
        capabilities: {drop: [ALL]}
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}`;

const DEPLOYMENT = `# Source: chart/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: prod
spec:
  template:
    spec:
      hostNetwork: true
      containers:
        - name: web
          image: nginx
`;

const POD = `apiVersion: v1
kind: Pod
metadata: {name: good, namespace: dev}
spec:
  containers:
    - name: a
      ${SECURE}
`;

describe('check', () => {
  it('names the object, what fails, the line and column, and the smallest change', async () => {
    expect(await run(['check', '--level', 'baseline', '--version', 'v1.36', '-'], { input: DEPLOYMENT })).toEqual({
      code: 1,
      output: `stdin:2:1: Deployment prod/web violates baseline:v1.36
  10:7 hostNamespaces: host namespaces (hostNetwork=true)
      fix: set spec.template.spec.hostNetwork: false

1 object with pods: 1 failed
`,
      errors: '',
    });
  });

  it('says nothing is wrong and exits with 0', async () => {
    expect(await run(['check'], { input: POD })).toEqual({ code: 0, output: '1 object with pods: all pass\n', errors: '' });
    expect(await run(['check'], { input: 'kind: ConfigMap\n---\n' })).toEqual({ code: 0, output: 'no objects with pods\n', errors: '' });
  });

  it('points to the nearest holder of a field that is missing', async () => {
    const { output } = await run(['check', '--version', 'v1.20'], { input: DEPLOYMENT.replace('hostNetwork: true', 'hostPID: false') });
    expect(output).toBe(`stdin:2:1: Deployment prod/web violates restricted:v1.20
  12:11 allowPrivilegeEscalation: allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false)
      fix: set spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation: false
  12:11 runAsNonRoot: runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true)
      fix: set spec.template.spec.securityContext.runAsNonRoot: true
      note: the image must run as another user than root
  12:11 seccompProfile_restricted: seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")
      fix: set spec.template.spec.securityContext.seccompProfile.type: "RuntimeDefault"

1 object with pods: 1 failed
`);
  });

  it('reads folders in order, JSON, many documents and Lists', async () => {
    const root = folder({
      'b.yaml': `${DEPLOYMENT}---\n${POD}`,
      'a/list.json': JSON.stringify(
        {
          kind: 'List',
          apiVersion: 'v1',
          items: [
            { kind: 'Pod', metadata: { name: 'one' }, spec: { hostPID: true } },
            { kind: 'PodList', items: [{ metadata: { name: 'two' }, spec: { hostIPC: true } }] },
          ],
        },
        null,
        2,
      ),
      'notes.txt': 'not a manifest: [',
    });
    const { code, output } = await run(['check', '--level', 'baseline', root]);
    expect(code).toBe(1);
    expect(output.split('\n').filter((line) => !line.includes('fix:'))).toEqual([
      `${join(root, 'a/list.json')}:5:5: Pod one violates baseline:latest`,
      '  11:9 hostNamespaces: host namespaces (hostPID=true)',
      '',
      `${join(root, 'a/list.json')}:17:9: Pod two violates baseline:latest`,
      '  22:13 hostNamespaces: host namespaces (hostIPC=true)',
      '',
      `${join(root, 'b.yaml')}:2:1: Deployment prod/web violates baseline:latest`,
      '  10:7 hostNamespaces: host namespaces (hostNetwork=true)',
      '',
      '4 objects with pods: 3 failed',
      '',
    ]);
  });

  it('fills in what the API server would', async () => {
    const volume = `${POD}  volumes: [{name: scratch}]\n`;
    expect((await run(['check'], { input: volume })).code).toBe(0);
    const ports = 'kind: Pod\nspec:\n  hostNetwork: true\n  containers: [{name: a, ports: [{containerPort: 80}]}]\n';
    const { output } = await run(['check', '-l', 'baseline'], { input: ports });
    expect(output).toContain(
      'hostPort (container "a" uses hostPort 80)\n      no automatic fix: the API server fills this in because of hostNetwork: true\n',
    );
  });

  it('knows the words for booleans that kubectl knows, aliases and merges', async () => {
    const input =
      'kind: Pod\nspec:\n  hostPID: yes\n  containers:\n  - &a {name: a, securityContext: {privileged: on}}\n  - {<<: *a, name: y}\n';
    const { output } = await run(['check', '-l', 'baseline'], { input });
    expect(output).toContain('  3:3 hostNamespaces: host namespaces (hostPID=true)\n');
    expect(output).toContain('  5:36 privileged: privileged (containers "a", "y" must not set securityContext.privileged=true)\n');
  });
});

describe('errors', () => {
  it.each([
    ['a: [', 'stdin:1:5: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['kind: Pod\nkind: Pod\n', 'stdin:2:1: Map keys must be unique'],
    ['- a\n', 'stdin:1:1: expected an object, got a list'],
    ['---\njust text\n', 'stdin:2:1: expected an object, got a value'],
    ['kind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: "true"\n', 'stdin:4:3: Pod p: spec.hostPID: expected a boolean, got a string'],
    ['kind: Pod\nspec: *nobody\n', 'stdin:2:7: Unresolved alias (the anchor must be set before the alias): nobody'],
  ])('%j', async (input, message) => {
    const { code, errors } = await run(['check'], { input });
    expect(errors).toContain(`error: ${message}`);
    expect(code).toBe(2);
  });

  it('do not hide what other files hold', async () => {
    const root = folder({ 'bad.yaml': 'a: b: c\n', 'good.yaml': DEPLOYMENT });
    const missing = join(root, 'missing.yaml');
    const { code, output, errors } = await run(['check', '-l', 'baseline', root, missing]);
    expect(code).toBe(2);
    expect(output).toContain('Deployment prod/web violates baseline:latest');
    expect(errors).toBe(
      `error: ${missing}: no such file or folder\nerror: ${join(root, 'bad.yaml')}:1:4: Nested mappings are not allowed in compact mappings\n`,
    );
  });

  it('tell of wrong flags', async () => {
    const level = await run(['check', '--level', 'high']);
    expect(level.code).toBe(2);
    expect(level.errors).toContain("argument 'high' is invalid. It must be one of privileged, baseline, restricted.");
    const version = await run(['check', '--version', '1.30']);
    expect(version.errors).toContain('argument \'1.30\' is invalid. It must be "latest" or "v1.x".');
    expect((await run(['check', '-o', 'xml'])).code).toBe(2);
    expect((await run(['--help'])).code).toBe(0);
  });
});

describe('--namespace-config', () => {
  const namespaces = (labels: string): string => `apiVersion: v1
kind: Namespace
metadata:
  name: prod
  labels:
    ${labels}
---
apiVersion: v1
kind: Namespace
metadata: {name: dev}
`;
  const label = 'pod-security.kubernetes.io';

  it('takes levels from Namespace objects, and the flags for other namespaces', async () => {
    const root = folder({ 'namespaces.yaml': namespaces(`${label}/enforce: baseline\n    ${label}/enforce-version: v1.30`) });
    const input = `${DEPLOYMENT}---\n${DEPLOYMENT.replace('namespace: prod', 'namespace: dev')}---\n${DEPLOYMENT.replace('namespace: prod', 'namespace: other')}`;
    const { code, output } = await run(['check', '-l', 'restricted', '-n', join(root, 'namespaces.yaml')], { input });
    expect(code).toBe(1);
    expect(output.split('\n').filter((line) => line.startsWith('stdin'))).toEqual([
      'stdin:2:1: Deployment prod/web violates baseline:v1.30',
      'stdin:30:1: Deployment other/web violates restricted:latest',
    ]);
  });

  it('tells what is only warned of, without failing', async () => {
    const root = folder({ 'namespaces.yaml': namespaces(`${label}/warn: baseline`) });
    const { code, output } = await run(['check', '-n', root], { input: DEPLOYMENT });
    expect(output).toBe(`stdin:2:1: Deployment prod/web passes privileged:latest
  10:7 hostNamespaces [warn baseline:latest]: host namespaces (hostNetwork=true)
      fix: set spec.template.spec.hostNetwork: false

1 object with pods: all pass, 1 with warnings
`);
    expect(code).toBe(0);
  });

  it('refuses labels that mean nothing', async () => {
    const root = folder({ 'namespaces.yaml': namespaces(`${label}/enforce: high`), 'none.yaml': POD });
    const bad = await run(['check', '-n', join(root, 'namespaces.yaml')], { input: DEPLOYMENT });
    expect(bad).toEqual({
      code: 2,
      output: '',
      errors: `error: ${join(root, 'namespaces.yaml')}:6:5: Namespace prod: metadata.labels[${label}/enforce]: "high": must be one of privileged, baseline, restricted\n`,
    });
    const none = await run(['check', '-n', join(root, 'none.yaml')], { input: DEPLOYMENT });
    expect(none.errors).toBe(`error: ${join(root, 'none.yaml')}: no Namespace objects found\n`);
  });
});

describe('formats', () => {
  it('json holds everything', async () => {
    const { output } = await run(['check', '-l', 'baseline', '-o', 'json'], { input: DEPLOYMENT });
    expect(JSON.parse(output)).toEqual({
      objects: [
        {
          file: 'stdin',
          line: 2,
          column: 1,
          kind: 'Deployment',
          namespace: 'prod',
          name: 'web',
          allowed: false,
          target: 'baseline:latest',
          violations: [
            {
              check: 'hostNamespaces',
              level: 'baseline',
              reason: 'host namespaces',
              detail: 'hostNetwork=true',
              severity: 'error',
              target: 'baseline:latest',
              fields: [{ path: 'spec.template.spec.hostNetwork', line: 10, column: 7 }],
              fix: {
                text: ['set spec.template.spec.hostNetwork: false'],
                changes: [{ action: 'set', path: ['spec', 'template', 'spec', 'hostNetwork'], value: false }],
                advice: '',
              },
            },
          ],
        },
      ],
      errors: [],
      summary: { objects: 1, failed: 1, errors: 0 },
    });
  });

  it('github is one workflow command per violation', async () => {
    const input = DEPLOYMENT.replace('name: web\n  namespace', 'name: "100%,:"\n  namespace');
    const { output, code } = await run(['check', '-l', 'baseline', '-o', 'github'], { input });
    expect(output).toBe(
      '::error file=stdin,line=10,col=7,title=hostNamespaces::Deployment prod/100%25,:: host namespaces (hostNetwork=true)%0Afix: set spec.template.spec.hostNetwork: false\n',
    );
    expect(code).toBe(1);
  });

  it('sarif is valid against the schema of SARIF 2.1.0', async () => {
    const root = folder({ 'a b/web.yaml': `${DEPLOYMENT}---\n${POD}`, 'broken.yaml': 'a: [' });
    const { output, code } = await run(['check', '-o', 'sarif', root]);
    expect(code).toBe(2);
    const schema: object = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
    const ajv = new ajvDraft04.default({ strict: false, allErrors: true, unicodeRegExp: false });
    addFormats.default(ajv);
    const validate = ajv.compile(schema);
    const log = JSON.parse(output);
    validate(log);
    expect(validate.errors).toBeNull();
    expect(validate({ ...log, version: '2.0' })).toBe(false);
    const [sarif] = log.runs;
    expect(sarif.tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(DEFAULT_CHECKS.map(({ id }) => id));
    expect(sarif.results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([
      'hostNamespaces',
      'allowPrivilegeEscalation',
      'capabilities_restricted',
      'runAsNonRoot',
      'seccompProfile_restricted',
    ]);
    for (const { ruleId, ruleIndex } of sarif.results) expect(sarif.tool.driver.rules[ruleIndex].id).toBe(ruleId);
    const { artifactLocation, region } = sarif.results[0].locations[0].physicalLocation;
    expect(artifactLocation.uri.endsWith('/a%20b/web.yaml')).toBe(true);
    expect(region).toEqual({ startLine: 10, startColumn: 7 });
    expect(sarif.invocations[0].executionSuccessful).toBe(false);
    expect(sarif.invocations[0].toolExecutionNotifications[0].message.text).toContain('broken.yaml:1:5');
  });

  it('colours text on a terminal only, and never with NO_COLOR', async () => {
    const csi = '\u001b[';
    const args = ['check', '-l', 'baseline'];
    expect((await run(args, { input: DEPLOYMENT, isTerminal: true })).output).toContain(`${csi}31mhostNamespaces${csi}0m`);
    expect((await run(args, { input: DEPLOYMENT })).output).not.toContain(csi);
    expect((await run(args, { input: DEPLOYMENT, isTerminal: true, environment: { NO_COLOR: '1' } })).output).not.toContain(csi);
    expect((await run([...args, '-o', 'json'], { input: DEPLOYMENT, isTerminal: true })).output).not.toContain(csi);
  });
});

describe('the program', () => {
  const main = (args: string[], input: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['--conditions=@k/source', '--import', 'tsx', join(import.meta.dirname, '../src/cli.ts'), ...args], {
      input,
      encoding: 'utf8',
    });

  it('tells its version; after a command, --version is that of the standards', () => {
    const { stdout, status } = main(['--version'], '');
    expect([stdout, status]).toEqual([`${createRequire(import.meta.url)('../package.json').version}\n`, 0]);
    expect(main(['check', '--version', 'v1.20', '-l', 'baseline', '-'], DEPLOYMENT).stdout).toContain('violates baseline:v1.20');
  });

  it('reads standard input and exits with the code', () => {
    const { status, stdout, stderr } = main(['check', '-l', 'baseline', '-'], DEPLOYMENT);
    expect(stderr).toBe('');
    expect(stdout).toContain('stdin:2:1: Deployment prod/web violates baseline:latest');
    expect(status).toBe(1);
  });
});
