import { describe, expect, it } from 'vitest';
import { parsePodSecurityConfiguration } from '../src/controllers/pod-security.js';

const GROUP = 'pod-security.admission.config.k8s.io';
const file = (body: object, apiVersion = `${GROUP}/v1`): object => ({ apiVersion, kind: 'PodSecurityConfiguration', ...body });
const OPEN = { level: 'privileged', version: 'latest' };

describe('parsePodSecurityConfiguration', () => {
  it('is privileged without a configuration', () => {
    expect(parsePodSecurityConfiguration(undefined)).toEqual({ defaults: { enforce: OPEN, audit: OPEN, warn: OPEN }, exemptions: {} });
  });

  it.each(['v1', 'v1beta1', 'v1alpha1'])('reads %s', (version) => {
    const defaults = { enforce: 'baseline', 'enforce-version': 'v1.30', audit: '', warn: 'restricted', 'warn-version': '' };
    const exemptions = { usernames: ['system:admin'], namespaces: ['kube-system'], runtimeClasses: ['a.b'] };
    expect(parsePodSecurityConfiguration(file({ defaults, exemptions }, `${GROUP}/${version}`))).toEqual({
      defaults: { enforce: { level: 'baseline', version: 'v1.30' }, audit: OPEN, warn: { level: 'restricted', version: 'latest' } },
      exemptions,
    });
  });

  it.each<[object, string]>([
    [file({ defaults: { enforce: 'high' } }), 'PodSecurity configuration error: enforce: must be one of privileged, baseline, restricted'],
    [
      file({ defaults: { 'enforce-version': '1.30', warn: 'x' } }),
      'PodSecurity configuration error: [enforce-version: must be "latest" or "v1.x", warn: must be one of privileged, baseline, restricted]',
    ],
    [
      file({ exemptions: { namespaces: ['a', 'a', 'B'] } }),
      "PodSecurity invalid: [exemptions.namespaces[1]: Duplicate value: \"a\", exemptions.namespaces[2]: Invalid value: \"B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')]",
    ],
    [
      file({ exemptions: { runtimeClasses: ['a_b'] } }),
      "PodSecurity invalid: exemptions.runtimeClasses[0]: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
    [
      file({ exemptions: { usernames: [''] } }),
      'PodSecurity invalid: exemptions.usernames[0]: Invalid value: "": username must not be empty',
    ],
    [file({ default: {} }), 'PodSecurity.default: unknown field'],
    [file({ defaults: { enforced: 'baseline' } }), 'PodSecurity.defaults.enforced: unknown field'],
    [file({ exemptions: { users: [] } }), 'PodSecurity.exemptions.users: unknown field'],
    [file({ defaults: { enforce: 1 } }), 'PodSecurity.defaults.enforce: 1 is not a string'],
    [
      { apiVersion: 'v1', kind: 'PodSecurityConfiguration' },
      `PodSecurity: expected ${GROUP}/v1 PodSecurityConfiguration, ${GROUP}/v1beta1 PodSecurityConfiguration, ${GROUP}/v1alpha1 PodSecurityConfiguration, got v1 PodSecurityConfiguration`,
    ],
  ])('%j', (configuration, message) => {
    expect(() => parsePodSecurityConfiguration(configuration)).toThrow(new RangeError(message));
  });
});
