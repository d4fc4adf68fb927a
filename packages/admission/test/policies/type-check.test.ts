import { createBuiltInCatalogue } from '@k/api';
import { expect, it } from 'vitest';
import { AdmissionExpressions, typeCheckPolicy } from '../../src/policies/index.js';

const catalogue = createBuiltInCatalogue();
const expressions = new AdmissionExpressions();
const rules = (resources: string[]) => ({
  resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources }],
});
const check = (spec: object, resources = ['deployments']) =>
  typeCheckPolicy({ spec: { matchConstraints: rules(resources), ...spec } }, catalogue, expressions);

it('names the fields that a kind does not have, for each kind', () => {
  expect(check({ validations: [{ expression: 'object.spec.replicas > 1' }] }, ['deployments', 'daemonsets'])).toEqual([
    {
      fieldRef: 'spec.validations[0].expression',
      warning: "apps/v1, Kind=DaemonSet: ERROR: <input>:1:12: undefined field 'replicas'\n | object.spec.replicas > 1\n | ...........^",
    },
  ]);
});

it('follows lists, variables and parameters, and reads messages too', () => {
  const found = check({
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    variables: [{ name: 'containers', expression: 'object.spec.template.spec.containers' }],
    validations: [
      { expression: "variables.containers.all(c, c.imge != '')", messageExpression: "'at most ' + params.date" },
      { expression: "params.data.max > 'a' && object.metadata.namespace == 'x'" },
    ],
  });
  expect(found.map(({ fieldRef, warning }) => [fieldRef, /undefined field '\w+'/.exec(warning)?.[0]])).toEqual([
    ['spec.validations[0].expression', "undefined field 'imge'"],
    ['spec.validations[0].messageExpression', "undefined field 'date'"],
  ]);
});

it('says nothing about rules with wildcards', () => {
  expect(check({ validations: [{ expression: 'object.nope == 1' }] }, ['*'])).toEqual([]);
});

it('takes rules with thousands of names', () => {
  const names = Array.from({ length: 3000 }, (_none, i) => `n${i}`);
  const resourceRules = [
    { apiGroups: [...names, 'apps'], apiVersions: [...names, 'v1'], operations: ['CREATE'], resources: [...names, 'deployments'] },
  ];
  const spec = { matchConstraints: { resourceRules }, validations: [{ expression: 'object.nope == 1' }] };
  expect(typeCheckPolicy({ spec }, catalogue, expressions).map(({ warning }) => warning.split('\n')[0])).toEqual([
    "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'nope'",
  ]);
});
