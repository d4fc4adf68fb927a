/** Tables of networking.k8s.io and discovery.k8s.io. */
import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition } from '../definition.js';
import { AGE, ageOf, column, NAME, named } from './columns.js';
import { at, firstOf, list, loadBalancerText, nameOf, selectorText, size, text, textOr } from './fields.js';

function ingressHosts(ingress: KubeObject): string {
  const rules = list(ingress, 'spec.rules');
  const hosts: string[] = [];
  let more = false;
  for (const rule of rules) {
    if (hosts.length === 3) more = true;
    const host = text(rule, 'host');
    if (!more && host !== '') hosts.push(host);
  }
  if (hosts.length === 0) return '*';
  return more ? `${hosts.join(',')} + ${rules.length - 3} more...` : hosts.join(',');
}

function classParameters(ingressClass: KubeObject): string {
  const parameters = at(ingressClass, 'spec.parameters');
  if (parameters === undefined) return '<none>';
  const group = at(parameters, 'apiGroup');
  return `${text(parameters, 'kind')}${group === undefined ? '' : `.${String(group)}`}/${text(parameters, 'name')}`;
}

function parentReference(address: KubeObject): string {
  const parent = at(address, 'spec.parentRef');
  if (parent === undefined) return '<none>';
  const group = text(parent, 'group');
  const resource = `${text(parent, 'resource')}${group === '' ? '' : `.${group}`}`.toLowerCase();
  const namespace = text(parent, 'namespace');
  return [resource, ...(namespace === '' ? [] : [namespace]), text(parent, 'name')].join('/');
}

function slicePorts(slice: KubeObject): string {
  const ports = list(slice, 'ports').map((port) => String(at(port, 'port') ?? at(port, 'name') ?? '*'));
  return firstOf(ports, 3) || '<unset>';
}

/** Tables by `resource.group`. */
export const networkingTables: Readonly<Record<string, TableDefinition>> = {
  'ingresses.networking.k8s.io': named([column('Class'), column('Hosts'), column('Address'), column('Ports')], (object) => [
    textOr(object, 'spec.ingressClassName', '<none>'),
    ingressHosts(object),
    loadBalancerText(object),
    size(object, 'spec.tls') > 0 ? '80, 443' : '80',
  ]),
  'ingressclasses.networking.k8s.io': named([column('Controller'), column('Parameters')], (object) => [
    text(object, 'spec.controller'),
    classParameters(object),
  ]),
  'networkpolicies.networking.k8s.io': named([column('Pod-Selector')], (object) => [
    selectorText(at(object, 'spec.podSelector')) || '<none>',
  ]),
  'servicecidrs.networking.k8s.io': named([column('CIDRs')], (object) => [list<string>(object, 'spec.cidrs').join(',')]),
  'ipaddresses.networking.k8s.io': named([column('ParentRef')], (object) => [parentReference(object)]),
  'endpointslices.discovery.k8s.io': {
    columns: [NAME, column('AddressType'), column('Ports'), column('Endpoints'), AGE],
    cells: (object, now) => [
      nameOf(object),
      text(object, 'addressType'),
      slicePorts(object),
      firstOf(
        list(object, 'endpoints').flatMap((endpoint) => list<string>(endpoint, 'addresses')),
        3,
      ) || '<unset>',
      ageOf(object, now),
    ],
  },
};
