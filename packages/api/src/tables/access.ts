/** Tables of who may do what: bindings, certificates, admission. */
import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition } from '../definition.js';
import { duration } from './age.js';
import { AGE, ageOf, column, NAME, named, wide } from './columns.js';
import { at, integer, list, nameOf, selectorText, size, text, textOr } from './fields.js';

function subjects(binding: KubeObject, kind: string): string {
  return list(binding, 'subjects')
    .filter((subject) => subject['kind'] === kind)
    .map((subject) => (kind === 'ServiceAccount' ? `${text(subject, 'namespace')}/${text(subject, 'name')}` : text(subject, 'name')))
    .join(', ');
}

const bindingTable: TableDefinition = {
  columns: [NAME, column('Role'), AGE, wide('Users'), wide('Groups'), wide('ServiceAccounts')],
  cells: (object, now) => [
    nameOf(object),
    `${text(object, 'roleRef.kind')}/${text(object, 'roleRef.name')}`,
    ageOf(object, now),
    subjects(object, 'User'),
    subjects(object, 'Group'),
    subjects(object, 'ServiceAccount'),
  ],
};

function requestState(request: KubeObject): string {
  const types = list(request, 'status.conditions').map((condition) => condition['type']);
  const decision = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
  const failed = types.includes('Failed') ? ',Failed' : '';
  return `${decision}${failed}${text(request, 'status.certificate') === '' ? '' : ',Issued'}`;
}

function requestedDuration(request: KubeObject): string {
  return at(request, 'spec.expirationSeconds') === undefined ? '<none>' : duration(integer(request, 'spec.expirationSeconds') * 1000);
}

const webhookTable = named([column('Webhooks', 'integer')], (object) => [size(object, 'webhooks')]);

const policyTable = (title: string, path: string): TableDefinition =>
  named([column(title, 'integer'), column('ParamKind')], (object) => [
    size(object, path),
    at(object, 'spec.paramKind') === undefined
      ? '<unset>'
      : `${text(object, 'spec.paramKind.apiVersion')}/${text(object, 'spec.paramKind.kind')}`,
  ]);

function parameterText(binding: KubeObject): string {
  const name = text(binding, 'spec.paramRef.name');
  // Whether the parameter is namespaced cannot be told from here.
  if (name !== '') return `${textOr(binding, 'spec.paramRef.namespace', '*')}/${name}`;
  const selector = at(binding, 'spec.paramRef.selector');
  return selector === undefined ? '<unset>' : selectorText(selector);
}

const policyBindingTable = named([column('PolicyName'), column('ParamRef')], (object) => [
  text(object, 'spec.policyName'),
  parameterText(object),
]);

/** Tables by `resource.group`. */
export const accessTables: Readonly<Record<string, TableDefinition>> = {
  'rolebindings.rbac.authorization.k8s.io': bindingTable,
  'clusterrolebindings.rbac.authorization.k8s.io': bindingTable,
  'certificatesigningrequests.certificates.k8s.io': {
    columns: [NAME, AGE, column('SignerName'), column('Requestor'), column('RequestedDuration'), column('Condition')],
    cells: (object, now) => [
      nameOf(object),
      ageOf(object, now),
      textOr(object, 'spec.signerName', '<none>'),
      text(object, 'spec.username'),
      requestedDuration(object),
      requestState(object),
    ],
  },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookTable,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookTable,
  'validatingadmissionpolicies.admissionregistration.k8s.io': policyTable('Validations', 'spec.validations'),
  'mutatingadmissionpolicies.admissionregistration.k8s.io': policyTable('Mutations', 'spec.mutations'),
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingTable,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingTable,
};
