/** What is wrong with the flags of authorization, and with the file of `--authorization-config`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServerMetrics } from '@k/apiserver';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCommandLine } from '../src/flags/command-line.js';
import { setUpAuthorization } from '../src/setup/authorization.js';
import { type ConfiguredAuthorizer, parseAuthorizationConfiguration } from '../src/setup/authorization-configuration.js';

const dir = mkdtempSync(join(tmpdir(), 'k-authorization-'));
const file = join(dir, 'hook.kubeconfig');
writeFileSync(file, '{}');
afterAll(() => rmSync(dir, { recursive: true }));

async function refusal(...args: string[]): Promise<string> {
  const parsed = parseCommandLine(args, '1.36.2');
  if (!('run' in parsed)) throw new Error('no flags of a server');
  return setUpAuthorization(parsed.run, pino({ level: 'silent' }), createServerMetrics()).then(
    () => 'taken',
    (error: Error) => error.message,
  );
}

describe('flags', () => {
  it.each([
    [['--authorization-mode=Node,RBAC'], 'taken'],
    [['--authorization-mode=RBAC,RBAC'], 'authorization-mode ["RBAC","RBAC"] has mode specified more than once'],
    [['--authorization-mode=Webhook'], "authorization-mode Webhook's authorization config file not passed"],
    [['--authorization-webhook-config-file=x'], 'cannot specify --authorization-webhook-config-file without mode Webhook'],
    [
      ['--authorization-mode=Webhook', `--authorization-webhook-config-file=${file}`],
      `--authorization-webhook-config-file: kubeconfig "${file}": current-context is missing`,
    ],
    [
      ['--authorization-mode=RBAC', `--authorization-config=${file}`],
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    ],
    [
      [`--authorization-config=${file}`],
      '--authorization-config: [apiVersion: Unsupported value: null: supported values: "apiserver.config.k8s.io/v1", ' +
        '"apiserver.config.k8s.io/v1alpha1", "apiserver.config.k8s.io/v1beta1", kind: Unsupported value: null: supported values: ' +
        '"AuthorizationConfiguration", authorizers: Required value: at least one authorization mode must be defined]',
    ],
  ])('%j', async (args, message) => {
    expect(await refusal(...args)).toBe(message);
  });
});

const HEAD = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration' };
const WEBHOOK = {
  timeout: '3s',
  subjectAccessReviewVersion: 'v1',
  failurePolicy: 'Deny',
  connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: file },
};
const parse = (...authorizers: object[]): ConfiguredAuthorizer[] =>
  parseAuthorizationConfiguration(JSON.stringify({ ...HEAD, authorizers }));
const faultOf = (...authorizers: object[]): string => {
  try {
    parse(...authorizers);
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
};
const withWebhook = (more: object) => faultOf({ type: 'Webhook', name: 'w', webhook: { ...WEBHOOK, ...more } });

describe('the configuration', () => {
  it('has defaults for what is remembered', () => {
    const [first, second] = parse(
      { type: 'Webhook', name: 'w', webhook: WEBHOOK },
      { type: 'Webhook', name: 'x', webhook: { ...WEBHOOK, authorizedTTL: '1s', unauthorizedTTL: '1m', cacheAuthorizedRequests: false } },
    );
    expect(first).toEqual({
      type: 'Webhook',
      name: 'w',
      webhook: {
        timeoutMs: 3000,
        authorizedTtlMs: 300_000,
        unauthorizedTtlMs: 30_000,
        version: 'v1',
        failurePolicy: 'Deny',
        kubeConfigFile: file,
        conditions: undefined,
      },
    });
    expect([second?.webhook?.authorizedTtlMs, second?.webhook?.unauthorizedTtlMs]).toEqual([0, 60_000]);
  });

  it.each<[object[], string]>([
    [[{ name: 'a' }], 'authorizers[0].type: Required value'],
    [
      [{ type: 'ABAC', name: 'a' }],
      'authorizers[0].type: Unsupported value: "ABAC": supported values: "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
    ],
    [
      [
        { type: 'RBAC', name: 'a' },
        { type: 'RBAC', name: 'b' },
      ],
      'authorizers[1].type: Duplicate value: "RBAC"',
    ],
    [
      [
        { type: 'RBAC', name: 'a' },
        { type: 'Node', name: 'a' },
      ],
      'authorizers[1].name: Duplicate value: "a"',
    ],
    [[{ type: 'RBAC' }], 'authorizers[0].name: Required value'],
    [[{ type: 'RBAC', name: 'a' }], 'expected name rbac for authorizer RBAC instead of a'],
    [
      [
        { type: 'Node', name: 'n' },
        { type: 'AlwaysDeny', name: 'never' },
      ],
      '[expected name node for authorizer Node instead of n, expected name alwaysdeny for authorizer AlwaysDeny instead of never]',
    ],
    [[{ type: 'Webhook', name: 'w' }], 'authorizers[0].webhook: Required value: required when type=Webhook'],
    [
      [{ type: 'RBAC', name: 'a', webhook: {} }],
      'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
    ],
    [[{ type: 'RBAC', name: 'a', nmae: 1 }], 'authorizers[0]: Unsupported value: "nmae": supported values: "name", "type", "webhook"'],
  ])('%j', (authorizers, message) => {
    expect(faultOf(...authorizers)).toBe(message);
  });

  it.each<[object, string]>([
    [{ timeout: '31s' }, 'timeout: Invalid value: "31s": must be > 0s and <= 30s'],
    [{ timeout: undefined }, 'timeout: Required value'],
    [{ timeout: 'soon' }, 'timeout: Invalid value: "soon": must be a duration such as 300ms, 1m30s or 2h'],
    [{ authorizedTTL: '-1s' }, 'authorizedTTL: Invalid value: "-1s": must be > 0s'],
    [{ subjectAccessReviewVersion: 'v2' }, 'subjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1", "v1beta1"'],
    [{ failurePolicy: 'Maybe' }, 'failurePolicy: Unsupported value: "Maybe": supported values: "Deny", "NoOpinion"'],
    [
      { connectionInfo: { type: 'InClusterConfig' } },
      'connectionInfo.type: Unsupported value: "InClusterConfig": supported values: "KubeConfigFile"',
    ],
    [
      { connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'x' } },
      'connectionInfo.kubeConfigFile: Invalid value: "x": must be an absolute path',
    ],
    [
      { connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/nowhere/x' } },
      'connectionInfo.kubeConfigFile: Invalid value: "/nowhere/x": error loading file: no such file',
    ],
    [
      { matchConditions: [{ expression: 'true' }] },
      'matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified',
    ],
    [
      { matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: 'request.user' }] },
      'matchConditions[0].expression: Invalid value: "request.user": must evaluate to bool but got string',
    ],
    [
      { matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: 'true' }, { expression: 'true' }] },
      'matchConditions[1].expression: Duplicate value: "true"',
    ],
    [
      { matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: ' ' }] },
      'matchConditions[0].expression: Required value',
    ],
  ])('webhook %j', (more, message) => {
    expect(withWebhook(more)).toBe(`authorizers[0].webhook.${message}`);
  });
});
