/** Which plugins run, in which order, and with which configuration. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BUILT_IN_CONTROLLERS,
  createBuiltInControllers,
  isDefaultPlugin,
  loadAdmissionConfiguration,
  MemoryObjects,
  memoryDependencies,
  PLUGIN_ORDER,
  parseAdmissionConfiguration,
  resolvePlugins,
} from '../src/index.js';

const names = (selection: Parameters<typeof createBuiltInControllers>[1]): string[] =>
  createBuiltInControllers(memoryDependencies(new MemoryObjects()), selection).map(({ name }) => name);

describe('selection', () => {
  it('starts from the default set, in the order of upstream', () => {
    expect(names({})).toEqual(BUILT_IN_CONTROLLERS.filter(isDefaultPlugin));
    expect(resolvePlugins({})).toEqual(PLUGIN_ORDER.filter(isDefaultPlugin));
  });

  it('adds and leaves out by name, whatever the order of the flags', () => {
    const disable = PLUGIN_ORDER.filter(isDefaultPlugin).filter((name) => name !== 'Priority');
    expect(names({ enable: ['AlwaysDeny', 'NamespaceExists'], disable })).toEqual(['NamespaceExists', 'Priority', 'AlwaysDeny']);
  });

  it('knows the other name of PodSecurity', () => {
    expect(resolvePlugins({ disable: ['PodSecurityStandards'] })).not.toContain('PodSecurity');
  });

  it('makes every controller under its own name', () => {
    const limits = [{ type: 'Server', qps: 1, burst: 1 }];
    const configuration = new Map([
      ['EventRateLimit', { apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration', limits }],
    ]);
    expect(names({ enable: BUILT_IN_CONTROLLERS, configuration })).toEqual(BUILT_IN_CONTROLLERS);
  });

  it.each([
    [{ enable: ['Nope'] }, 'enable-admission-plugins plugin "Nope" is unknown'],
    [{ disable: ['Nope'] }, 'disable-admission-plugins plugin "Nope" is unknown'],
    [
      { enable: ['Priority', 'LimitRanger'], disable: ['LimitRanger', 'Priority'] },
      '[LimitRanger Priority] in enable-admission-plugins and disable-admission-plugins overlapped',
    ],
  ])('%j is refused', (selection, message) => {
    expect(() => resolvePlugins(selection)).toThrow(new RangeError(message));
  });
});

const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n';

describe('AdmissionConfiguration', () => {
  it('takes configurations inline and from files beside it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'k-admission-'));
    try {
      writeFileSync(join(dir, 'selector.yaml'), 'podNodeSelectorPluginConfig:\n  ns: a=b\n');
      const file = join(dir, 'admission.yaml');
      writeFileSync(
        file,
        `${HEAD}plugins:\n- name: PodNodeSelector\n  path: selector.yaml\n- name: PodSecurityStandards\n  configuration: {a: b}\n- name: Priority\n`,
      );
      expect(await loadAdmissionConfiguration(file)).toEqual(
        new Map<string, unknown>([
          ['PodNodeSelector', { podNodeSelectorPluginConfig: { ns: 'a=b' } }],
          ['PodSecurity', { a: 'b' }],
        ]),
      );
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it.each([
    ['apiVersion: v1\nkind: X\n', /^AdmissionConfiguration: expected apiserver.config.k8s.io\/v1 AdmissionConfiguration, .* got v1 X$/],
    [`${HEAD}plugin: []\n`, /^AdmissionConfiguration.plugin: unknown field$/],
    [`${HEAD}plugins:\n- name: Nope\n`, /^AdmissionConfiguration.plugins\[0\].name: "Nope" is not the name of an admission plugin$/],
    [`${HEAD}plugins:\n- name: Priority\n- name: Priority\n`, /^AdmissionConfiguration.plugins\[1\].name: "Priority" is configured twice$/],
    [`${HEAD}plugins: 3\n`, /^AdmissionConfiguration.plugins: 3 is not a list$/],
  ])('%j is refused', (text, message) => {
    expect(() => parseAdmissionConfiguration(text)).toThrow(message);
  });
});

describe('plugin configurations', () => {
  const configured = (name: string, configuration: object) => () =>
    names({ enable: [name], configuration: new Map([[name, configuration]]) });
  const rate = (more: object) => ({
    apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
    kind: 'Configuration',
    limits: [{ type: 'Server', qps: 1, burst: 1, ...more }],
  });

  it.each([
    ['EventRateLimit', { ...rate({}), limits: [] }, 'EventRateLimit.limits: must not be empty'],
    ['EventRateLimit', rate({ burst: 0 }), 'EventRateLimit.limits[0].burst: 0 must be positive'],
    ['EventRateLimit', rate({ qps: -1 }), 'EventRateLimit.limits[0].qps: -1 must be positive'],
    ['EventRateLimit', rate({ cacheSize: -1 }), 'EventRateLimit.limits[0].cacheSize: -1 must not be negative'],
    [
      'EventRateLimit',
      rate({ type: 'Pod' }),
      'EventRateLimit.limits[0].type: "Pod" is not one of Server, Namespace, User, SourceAndObject',
    ],
    [
      'PodNodeSelector',
      { podNodeSelectorPluginConfig: { ns: 'a' } },
      'PodNodeSelector.podNodeSelectorPluginConfig.ns: "a" is not a list of labels like a=b,c=d',
    ],
    [
      'PodTolerationRestriction',
      { apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1', kind: 'Configuration', default: [{ effect: 'Never' }] },
      'PodTolerationRestriction.default[0].effect: "Never" is not an effect of taints',
    ],
    [
      'ResourceQuota',
      { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'ResourceQuotaConfiguration', limitedResources: [{ apiGroup: '' }] },
      'ResourceQuota.limitedResources[0].resource: must not be empty',
    ],
  ])('%s %j is refused', (name, configuration, message) => {
    expect(configured(name, configuration)).toThrow(new RangeError(message));
  });
});
