import { describe, expect, it } from 'vitest';
import { type AuditPolicy, parsePolicy } from '../src/index.js';

const policy = (rules: unknown): AuditPolicy => parsePolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules });

describe('policies that are refused', () => {
  it.each([
    [[], 'loaded illegal policy with 0 rules'],
    [[{ users: ['a'] }], 'rules[0].level: Required value'],
    [[{ level: 'All' }], 'rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"'],
    [
      [{ level: 'None', nonResourceURLs: ['healthz'] }],
      `rules[0].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/' character`,
    ],
    [
      [{ level: 'None', nonResourceURLs: ['/a*b'] }],
      `rules[0].nonResourceURLs[0]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule`,
    ],
    [
      [{ level: 'None', nonResourceURLs: ['/a'], namespaces: ['b'] }],
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      [{ level: 'None', resources: [{ group: '', resourceNames: ['a'] }] }],
      'rules[0].resources.resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource',
    ],
    [
      [{ level: 'None', omitStages: ['Never'] }],
      'rules[0].omitStages[0]: Invalid value: "Never": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
  ])('%j', (rules, message) => {
    expect(() => policy(rules)).toThrow(expect.objectContaining({ name: 'AuditPolicyError', message }));
  });

  it('names another kind', () => {
    expect(() => parsePolicy('apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: []')).toThrow(
      'unknown group version field audit.k8s.io/v1beta1, Kind=Policy in policy',
    );
  });

  it.each([
    ['kind: Policy\nrules: []', 'failed decoding: apiVersion is missing'],
    ['apiVersion: audit.k8s.io/v1\nrules: []', 'failed decoding: kind is missing'],
    ['apiVersion: [v1]\nkind: Policy', 'failed decoding: apiVersion must be a string, got ["v1"]'],
    ['apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: 7', 'failed decoding: rules must be a list, got 7'],
    ['- a', 'failed decoding: the policy must be an object, got ["a"]'],
    ['', 'failed decoding: the policy must be an object, got null'],
    ['a: {', 'failed decoding: yaml: line 1: did not find expected node content'],
    [
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]`,
      'failed decoding: yaml: document contains excessive aliasing',
    ],
  ])('%j', (text, message) => {
    expect(() => parsePolicy(text)).toThrow(expect.objectContaining({ name: 'AuditPolicyError', message, faults: [message] }));
  });

  it('shows the beginning of a long value', () => {
    expect(() => policy([{ level: 'None', users: 'x'.repeat(5000) }])).toThrow(
      `failed decoding: rules[0].users must be a list of strings, got "${'x'.repeat(99)}…`,
    );
  });

  it('tells every fault', () => {
    const faults = ['rules[0].level: Required value', 'rules[1].level: Required value'];
    expect(() => policy([{}, {}])).toThrow(expect.objectContaining({ message: `[${faults.join(', ')}]`, faults }));
  });

  it('only warns of unknown fields', () => {
    const warnings: string[] = [];
    parsePolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'None', user: ['a'] }] }, (message) =>
      warnings.push(message),
    );
    expect(warnings).toEqual(['Audit policy contains errors, falling back to lenient decoding: unknown field "rules[0].user"']);
  });
});

it('policies are YAML as Kubernetes reads it', () => {
  const warnings: string[] = [];
  const read = parsePolicy(
    `apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: yes
rules:
  - &secrets
    level: Metadata
    resources: [{group: "", resources: [secrets]}]
  - <<: *secrets
    level: Request
    level: None
---
kind: Other
`,
    (message) => warnings.push(message),
  );
  const resources = [{ group: '', resources: ['secrets'] }];
  expect(read).toEqual({
    omitStages: [],
    omitManagedFields: true,
    rules: [
      { level: 'Metadata', resources },
      { level: 'None', resources },
    ],
  });
  expect(warnings).toEqual(['Audit policy contains errors, falling back to lenient decoding: line 10: key "level" already set in map']);
});
