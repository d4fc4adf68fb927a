import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { fixWorkload, type Level } from '../src/index.js';
import { arbitraryPod, arbitraryVersion } from './arbitrary-pod.js';
import { run } from './cli-run.js';

describe('--fix', () => {
  it('prints the manifest with the least changes; comments, order and other documents stay', async () => {
    const input = `# Source: chart/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web} # the name
spec:
  template:
    spec:
      hostNetwork: true # for the metrics
      containers:
      # the server
      - name: web
        image: "nginx"
        ports:
        - containerPort: 80
          hostPort: 8080
        securityContext:
          # nobody
          runAsUser: 1000
          capabilities:
            add: [NET_ADMIN, NET_BIND_SERVICE] # why?
---
# not touched
kind:   ConfigMap
data:   {a:   'b'}
`;
    const { code, output, errors } = await run(['check', '--fix'], { input });
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(output).toBe(`# Source: chart/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web} # the name
spec:
  template:
    spec:
      hostNetwork: false # for the metrics
      containers:
      # the server
      - name: web
        image: "nginx"
        ports:
        - containerPort: 80
        securityContext:
          # nobody
          runAsUser: 1000
          capabilities:
            add: [NET_BIND_SERVICE] # why?
            drop: [ALL]
          allowPrivilegeEscalation: false
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
---
# not touched
kind:   ConfigMap
data:   {a:   'b'}
`);
    expect(await run(['check'], { input: output })).toMatchObject({ code: 0, errors: '' });
  });

  it('leaves what is shared by aliases and merges as it is elsewhere', async () => {
    const input = `kind: List
items:
  - kind: ConfigMap
    data: &data {privileged: "true"}
  - kind: Pod
    spec:
      hostNetwork: no
      containers:
        - &a
          name: a
          ports: [{hostPort: 80, name: http}]
          securityContext: &context {privileged: true}
        - <<: *a
          name: b
        - name: c
          securityContext: *context
`;
    const { code, output } = await run(['check', '-l', 'baseline', '--fix'], { input });
    expect(code).toBe(0);
    expect(parse(output, { merge: true })).toEqual({
      kind: 'List',
      items: [
        { kind: 'ConfigMap', data: { privileged: 'true' } },
        {
          kind: 'Pod',
          spec: {
            hostNetwork: false,
            containers: [
              { name: 'a', ports: [{ name: 'http' }], securityContext: { privileged: false } },
              { name: 'b', ports: [{ name: 'http' }], securityContext: { privileged: false } },
              { name: 'c', securityContext: { privileged: false } },
            ],
          },
        },
      ],
    });
    expect((await run(['check', '-l', 'baseline'], { input: output })).code).toBe(0);
  });

  it('says what it cannot fix', async () => {
    const input = 'kind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n  volumes:\n    - name: root\n      hostPath: {path: /}\n';
    expect(await run(['check', '-l', 'baseline', '--fix'], { input })).toEqual({
      code: 1,
      output: input.replace('hostPID: true', 'hostPID: false'),
      errors: 'not fixed: stdin:7:7: Pod p violates baseline:latest: hostPath volumes (volume "root")\n',
    });
  });

  it('keeps JSON JSON, with its indent', async () => {
    const input = '{\n\t"kind": "Pod",\n\t"spec": {"hostPID": true}\n}\n';
    expect((await run(['check', '-l', 'baseline', '--fix'], { input })).output).toBe(
      '{\n\t"kind": "Pod",\n\t"spec": {\n\t\t"hostPID": false\n\t}\n}\n',
    );
    expect((await run(['check', '-l', 'baseline', '--fix'], { input: '{"kind":"Pod","spec":{"hostPID":true}}' })).output).toBe(
      '{"kind":"Pod","spec":{"hostPID":false}}\n',
    );
  });

  it('prints what needs no fix as it was', async () => {
    const input = '%YAML 1.2\n---\nkind:   Pod\nspec: {}\n...\n---\n# end\n';
    expect(await run(['check', '--fix'], { input })).toEqual({ code: 0, output: input, errors: '' });
  });

  it('passes check afterwards, whatever was wrong, unless it said so', async () => {
    const kinds = fc.constantFrom('Pod', 'Deployment', 'CronJob');
    const wrap = (kind: string, pod: object): object =>
      kind === 'Pod'
        ? { ...pod, kind }
        : kind === 'Deployment'
          ? { kind, spec: { template: pod } }
          : { kind, spec: { jobTemplate: { spec: { template: pod } } } };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(kinds, arbitraryPod()), { minLength: 1, maxLength: 3 }),
        fc.constantFrom<Level>('baseline', 'restricted'),
        arbitraryVersion,
        fc.boolean(),
        async (given, level, version, isJson) => {
          const objects = given.map(([kind, pod]) => wrap(kind, pod));
          const input = isJson
            ? JSON.stringify({ kind: 'List', items: objects })
            : objects.map((object) => stringify(object)).join('---\n');
          const flags = ['-l', level, '-v', version];
          const fixed = await run(['check', '--fix', ...flags], { input });
          const again = await run(['check', '-o', 'json', ...flags], { input: fixed.output });
          expect(again.errors).toBe('');
          expect(again.code).toBe(fixed.code);
          const left = (JSON.parse(again.output) as { objects: { violations: { check: string }[] }[] }).objects.flatMap(
            ({ violations }) => violations,
          );
          expect(left.map(({ check }) => check).filter((check) => check !== 'hostPathVolumes' && check !== 'restrictedVolumes')).toEqual(
            [],
          );
          expect(fixed.errors.split('\n').length - 1).toBe(left.length);
          if (objects.length === 1 && !isJson) {
            expect(parse(fixed.output)).toEqual(
              JSON.parse(JSON.stringify(fixWorkload(objects[0] as object, { level, version }, { apiDefaults: true }).object)),
            );
          }
        },
      ),
      { numRuns: process.env['SLOW'] === '1' ? 3000 : 80 },
    );
  });
});
