import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLevel, parseVersion, policyFromLabels } from '../src/index.js';

const label = (name: string): string => `pod-security.kubernetes.io/${name}`;

describe('levels and versions', () => {
  it.each(['latest', 'v1.0', 'v1.36', 'v1.999'])('%s is a version', (text) => {
    expect(parseVersion(text)).toBe(text);
  });
  it.each(['', 'v1', '1.36', 'v1.01', 'v2.0', 'v1.99999999999999999999'])('%j is none', (text) => {
    expect(() => parseVersion(text)).toThrow(new RangeError('must be "latest" or "v1.x"'));
  });
  it('knows three levels', () => {
    expect(parseLevel('baseline')).toBe('baseline');
    expect(() => parseLevel('Baseline')).toThrow(new RangeError('must be one of privileged, baseline, restricted'));
  });
});

describe('policyFromLabels', () => {
  it('is privileged without labels', () => {
    expect(policyFromLabels(undefined).policy.enforce).toEqual({ level: 'privileged', version: 'latest' });
  });

  it('warns of what it enforces, unless told otherwise', () => {
    expect(policyFromLabels({ [label('enforce')]: 'restricted', [label('enforce-version')]: 'v1.25' }).policy.warn).toEqual({
      level: 'restricted',
      version: 'v1.25',
    });
    expect(policyFromLabels({ [label('enforce')]: 'restricted', [label('warn')]: 'privileged' }).policy.warn.level).toBe('privileged');
    expect(policyFromLabels({ [label('enforce')]: 'restricted', [label('warn-version')]: 'v1.20' }).policy.warn).toEqual({
      level: 'restricted',
      version: 'v1.20',
    });
  });

  it('reports bad values and takes safe ones', () => {
    const { policy, errors } = policyFromLabels({ [label('enforce')]: 'high', [label('audit')]: 'low', [label('warn-version')]: '1' });
    expect(policy.enforce.level).toBe('restricted');
    expect(policy.audit.level).toBe('privileged');
    expect(errors).toEqual([
      { field: `metadata.labels[${label('enforce')}]`, value: 'high', detail: 'must be one of privileged, baseline, restricted' },
      { field: `metadata.labels[${label('audit')}]`, value: 'low', detail: 'must be one of privileged, baseline, restricted' },
      { field: `metadata.labels[${label('warn-version')}]`, value: '1', detail: 'must be "latest" or "v1.x"' },
    ]);
  });
});

describe('a label that is null', () => {
  it('is an empty one, which means nothing', () => {
    const labels = { [label('enforce')]: null } as unknown as Record<string, string>;
    expect(policyFromLabels(labels).errors).toEqual([
      { field: `metadata.labels[${label('enforce')}]`, value: '', detail: 'must be one of privileged, baseline, restricted' },
    ]);
  });
});

describe('the package', () => {
  it('imports nothing but itself, so that browsers can load it', () => {
    const seen = new Set<string>();
    const outside: string[] = [];
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^;]*? from '([^']+)';/gms)) {
        if (specifier.startsWith('.')) visit(join(dirname(file), specifier.replace(/\.js$/, '.ts')));
        else outside.push(specifier);
      }
    };
    visit(join(import.meta.dirname, '../src/index.ts'));
    expect(outside).toEqual([]);
    expect(seen.size).toBeGreaterThan(15);
  });
});
