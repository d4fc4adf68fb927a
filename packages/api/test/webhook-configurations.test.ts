/** Defaults and validation of webhook configurations, by exact causes. */
import { fieldErrorCause, type KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { createBuiltInCatalogue, pruneAndDefault } from '../src/index.js';

type Fields = Record<string, unknown>;
const catalogue = createBuiltInCatalogue();
const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const good = {
  name: 'a.example.com',
  clientConfig: { url: 'https://hook.example.com/path' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
};

function decode(kind: string, webhooks: object[]): KubeObject {
  const object = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'x' },
    webhooks: structuredClone(webhooks),
  } as KubeObject;
  const served = catalogue.findKind('admissionregistration.k8s.io', 'v1', kind);
  if (served === undefined) throw new RangeError(kind);
  pruneAndDefault(object, served.version.schema, { fieldValidation: 'Ignore' });
  served.definition.strategy.applyDefaults?.(object, 'v1');
  return object;
}

function causes(webhooks: object[], before?: object[]): string[] {
  const kind = 'ValidatingWebhookConfiguration';
  const { validate, validateUpdate } = catalogue.findKind('admissionregistration.k8s.io', 'v1', kind)?.definition.strategy ?? {};
  const object = decode(kind, webhooks);
  const errors = before === undefined ? validate?.(object) : validateUpdate?.(object, decode(kind, before), '');
  return (errors ?? []).map(fieldErrorCause).map(({ field, message }) => `${field?.replace('webhooks[0].', '')}: ${message}`);
}

describe('defaults', () => {
  it('are those of upstream', () => {
    const service = { ...good, clientConfig: { service: { name: 's', namespace: 'ns' } } };
    const defaults = { failurePolicy: 'Fail', matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, timeoutSeconds: 10 };
    const rules = [{ ...rule, scope: '*' }];
    expect((decode('ValidatingWebhookConfiguration', [good])['webhooks'] as Fields[])[0]).toEqual({ ...good, ...defaults, rules });
    expect((decode('MutatingWebhookConfiguration', [service])['webhooks'] as Fields[])[0]).toEqual({
      ...service,
      ...defaults,
      rules,
      clientConfig: { service: { name: 's', namespace: 'ns', port: 443 } },
      reinvocationPolicy: 'Never',
    });
  });
});

const FORM = '; desired format: https://host[/path]';
const at = (url: string) => ({ clientConfig: { url } });
const ruled = (part: object) => ({ rules: [{ ...rule, ...part }] });
const serviceAt = (part: object) => ({ clientConfig: { service: { name: 's', namespace: 'n', ...part } } });

describe('new configurations', () => {
  it.each<[object, string[]]>([
    [{}, []],
    [{ name: 'short.name' }, ['name: Invalid value: "short.name": should be a domain with at least three segments separated by dots']],
    [{ sideEffects: undefined }, ['sideEffects: Required value: must specify one of None, NoneOnDryRun']],
    [{ sideEffects: 'Some' }, ['sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"']],
    [{ admissionReviewVersions: undefined }, ['admissionReviewVersions: Required value: must specify one of v1, v1beta1']],
    [{ admissionReviewVersions: ['v1', 'v1'] }, ['admissionReviewVersions[1]: Invalid value: "v1": duplicate version']],
    [{ admissionReviewVersions: ['v7'] }, ['admissionReviewVersions: Invalid value: ["v7"]: must include at least one of v1, v1beta1']],
    [{ timeoutSeconds: 31 }, ['timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds']],
    [{ failurePolicy: 'Maybe' }, ['failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"']],
    [{ matchPolicy: 'Maybe' }, ['matchPolicy: Unsupported value: "Maybe": supported values: "Equivalent", "Exact"']],
    [{ clientConfig: {} }, ['clientConfig: Required value: exactly one of url or service is required']],
    [at('http://h/p'), [`clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${FORM}`]],
    [at('https:///p'), [`clientConfig.url: Invalid value: "": host must be specified${FORM}`]],
    [at('https://u@h/'), ['clientConfig.url: Invalid value: "u": user information is not permitted in the URL']],
    [at('https://h/#f'), ['clientConfig.url: Invalid value: "f": fragments are not permitted in the URL']],
    [at('https://h/?a=b'), ['clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL']],
    [serviceAt({ path: '/a/b/' }), []],
    [serviceAt({ path: 'a' }), [`clientConfig.service.path: Invalid value: "a": must start with a '/'`]],
    [serviceAt({ path: '/a//b' }), ['clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty']],
    [
      serviceAt({ port: 70000 }),
      ['clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive'],
    ],
    [
      ruled({ operations: ['*', 'CREATE'] }),
      [`rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`],
    ],
    [
      ruled({ operations: ['GET'] }),
      ['rules[0].operations[0]: Unsupported value: "GET": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"'],
    ],
    [ruled({ resources: ['a/*', 'a/x'] }), [`rules[0].resources[1]: Invalid value: "a/x": if 'a/*' is present, must not specify a/x`]],
    [ruled({ resources: ['*/x', 'a/x'] }), [`rules[0].resources[1]: Invalid value: "a/x": if '*/x' is present, must not specify a/x`]],
    [
      ruled({ resources: ['*', 'a'] }),
      [`rules[0].resources: Invalid value: ["*","a"]: if '*' is present, must not specify other resources without subresources`],
    ],
    [ruled({ apiGroups: undefined }), ['rules[0].apiGroups: Required value']],
    [ruled({ scope: 'All' }), ['rules[0].scope: Unsupported value: "All": supported values: "*", "Cluster", "Namespaced"']],
    [{ matchConditions: [{ name: 'a', expression: ' ' }] }, ['matchConditions[0].expression: Required value']],
    [
      {
        matchConditions: [
          { name: 'a', expression: 'true' },
          { name: 'a', expression: 'true' },
        ],
      },
      ['matchConditions[1].name: Duplicate value: "a"'],
    ],
  ])('%j', (part, expected) => {
    expect(causes([{ ...good, ...part }])).toEqual(expected);
  });

  it('have each name once', () => {
    expect(causes([good, good])).toEqual(['webhooks[1].name: Duplicate value: "a.example.com"']);
  });
});

describe('changes', () => {
  it('may keep what upstream accepted before', () => {
    const old = { ...good, sideEffects: 'Some', admissionReviewVersions: ['v7'] };
    expect(causes([old, old], [old, old])).toEqual([]);
    expect(causes([old], [good])).toHaveLength(2);
  });
});
