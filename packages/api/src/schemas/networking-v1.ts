import type { SchemaTable } from './notation.js';

/** Shapes of `networking.v1`, release 1.36, in the notation of `notation.ts`. */
export const networkingV1Schemas = (): SchemaTable => ({
  HTTPIngressPath: {
    '@required': 'pathType,backend',
    backend: 'IngressBackend required default({})',
    path: 'string',
    pathType: 'string required enum(Exact,ImplementationSpecific,Prefix)',
  },
  HTTPIngressRuleValue: {
    paths: '[]HTTPIngressPath required atomic',
  },
  IPAddress: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'IPAddressSpec required default({})',
  },
  IPAddressList: {
    apiVersion: 'string',
    items: '[]IPAddress required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  IPAddressSpec: {
    parentRef: 'ParentReference required',
  },
  IPBlock: {
    cidr: 'string required default("")',
    except: '[]string atomic',
  },
  Ingress: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'IngressSpec default({})',
    status: 'IngressStatus default({})',
  },
  IngressBackend: {
    resource: 'core.v1/TypedLocalObjectReference',
    service: 'IngressServiceBackend',
  },
  IngressClass: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'IngressClassSpec default({})',
  },
  IngressClassList: {
    apiVersion: 'string',
    items: '[]IngressClass required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  IngressClassParametersReference: {
    apiGroup: 'string',
    kind: 'string required default("")',
    name: 'string required default("")',
    namespace: 'string',
    scope: 'string',
  },
  IngressClassSpec: {
    controller: 'string',
    parameters: 'IngressClassParametersReference',
  },
  IngressList: {
    apiVersion: 'string',
    items: '[]Ingress required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  IngressLoadBalancerIngress: {
    hostname: 'string',
    ip: 'string',
    ports: '[]IngressPortStatus atomic',
  },
  IngressLoadBalancerStatus: {
    ingress: '[]IngressLoadBalancerIngress atomic',
  },
  IngressPortStatus: {
    error: 'string',
    port: 'int32 required default(0)',
    protocol: 'string required enum(SCTP,TCP,UDP) default("")',
  },
  IngressRule: {
    '@bare': 'http',
    host: 'string',
    http: 'HTTPIngressRuleValue',
  },
  IngressServiceBackend: {
    name: 'string required default("")',
    port: 'ServiceBackendPort default({})',
  },
  IngressSpec: {
    defaultBackend: 'IngressBackend',
    ingressClassName: 'string',
    rules: '[]IngressRule atomic',
    tls: '[]IngressTLS atomic',
  },
  IngressStatus: {
    loadBalancer: 'IngressLoadBalancerStatus default({})',
  },
  IngressTLS: {
    hosts: '[]string atomic',
    secretName: 'string',
  },
  NetworkPolicy: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'NetworkPolicySpec default({})',
  },
  NetworkPolicyEgressRule: {
    ports: '[]NetworkPolicyPort atomic',
    to: '[]NetworkPolicyPeer atomic',
  },
  NetworkPolicyIngressRule: {
    from: '[]NetworkPolicyPeer atomic',
    ports: '[]NetworkPolicyPort atomic',
  },
  NetworkPolicyList: {
    apiVersion: 'string',
    items: '[]NetworkPolicy required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  NetworkPolicyPeer: {
    ipBlock: 'IPBlock',
    namespaceSelector: 'meta.v1/LabelSelector',
    podSelector: 'meta.v1/LabelSelector',
  },
  NetworkPolicyPort: {
    endPort: 'int32',
    port: 'int-or-string',
    protocol: 'string enum(SCTP,TCP,UDP)',
  },
  NetworkPolicySpec: {
    egress: '[]NetworkPolicyEgressRule atomic',
    ingress: '[]NetworkPolicyIngressRule atomic',
    podSelector: 'meta.v1/LabelSelector default({})',
    policyTypes: '[]string enum(Egress,Ingress) atomic',
  },
  ParentReference: {
    '@required': 'resource,name',
    group: 'string',
    name: 'string required',
    namespace: 'string',
    resource: 'string required',
  },
  ServiceBackendPort: {
    '@map': 'atomic',
    name: 'string',
    number: 'int32',
  },
  ServiceCIDR: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'ServiceCIDRSpec default({})',
    status: 'ServiceCIDRStatus default({})',
  },
  ServiceCIDRList: {
    apiVersion: 'string',
    items: '[]ServiceCIDR required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  ServiceCIDRSpec: {
    cidrs: '[]string atomic',
  },
  ServiceCIDRStatus: {
    conditions: '[]meta.v1/Condition map(type) patch(merge) key(type)',
  },
});
