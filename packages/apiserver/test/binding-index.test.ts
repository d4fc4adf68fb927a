import type { RbacBinding } from '@k/auth';
import { describe, expect, it } from 'vitest';
import { BindingIndex } from '../src/binding-index.js';

const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const binding = (name: string, ...subjects: RbacBinding['subjects']): RbacBinding => ({ name, namespace: 'team', roleRef, subjects });
const user = (name: string): RbacBinding['subjects'][number] => ({ kind: 'User', name });
const group = (name: string): RbacBinding['subjects'][number] => ({ kind: 'Group', name });

function names(index: BindingIndex, username: string, ...groups: string[]): string[] {
  return [...index.of({ username, groups })].map(({ name }) => name);
}

describe('bindings by subject', () => {
  it('finds those of a user, then those of its groups, each once', () => {
    const index = new BindingIndex();
    index.put(binding('devs', group('devs'), group('ops')));
    index.put(binding('alice', user('alice'), group('devs')));
    index.put(binding('ops', group('ops')));
    index.put(binding('bob', user('bob')));
    expect(names(index, 'alice', 'devs', 'ops')).toEqual(['alice', 'devs', 'ops']);
    expect(names(index, 'bob')).toEqual(['bob']);
    expect(names(index, 'carol', 'none')).toEqual([]);
  });

  it('finds service accounts of the namespace that they name, or of the binding', () => {
    const index = new BindingIndex();
    index.put(binding('named', { kind: 'ServiceAccount', name: 'build', namespace: 'ci' }));
    index.put(binding('own', { kind: 'ServiceAccount', name: 'build' }));
    expect(names(index, 'system:serviceaccount:ci:build')).toEqual(['named']);
    expect(names(index, 'system:serviceaccount:team:build')).toEqual(['own']);
  });

  it('forgets what a binding named before, and bindings that are gone', () => {
    const index = new BindingIndex();
    index.put(binding('a', user('alice'), group('devs')));
    index.put(binding('a', user('bob')));
    expect(names(index, 'alice', 'devs')).toEqual([]);
    expect(names(index, 'bob')).toEqual(['a']);
    index.delete('a');
    index.delete('never');
    expect(names(index, 'bob')).toEqual([]);
  });
});
