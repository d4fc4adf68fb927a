import { testChanges, testCreations } from '../support/validation-table.js';

testCreations('new stateful sets', [
  [
    'a stateful set',
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: {
        serviceName: 'A_b',
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i',
                volumeMounts: [
                  { name: 'data', mountPath: '/d' },
                  { name: 'none', mountPath: '/n' },
                ],
              },
            ],
          },
        },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
      },
    },
    [
      "spec.serviceName Invalid: Invalid value: \"A_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'spec.volumeClaimTemplates[0].spec.accessModes Required: Required value: at least 1 access mode is required',
      'spec.volumeClaimTemplates[0].spec.resources[storage] Required: Required value',
      'spec.template.spec.containers[0].volumeMounts[1].name NotFound: Not found: "none"',
    ],
  ],
]);

testChanges('changed stateful sets', [
  [
    'a set whose service name was always malformed',
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: {
        serviceName: 'A_',
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: {
        serviceName: 'A_',
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        replicas: 3,
      },
    },
    '',
    [],
  ],
  [
    'a set whose template was always malformed',
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: {} } },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: {
        serviceName: 's',
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: {} },
        replicas: 3,
      },
    },
    '',
    [],
  ],
  [
    'a template that becomes malformed',
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: {
        serviceName: 's',
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: {} } },
    },
    '',
    ['spec.template.spec.containers Required: Required value'],
  ],
]);
