/** What is wrong with the file of `--authentication-config`, and with flags beside it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAuthenticationConfiguration } from '../src/setup/authentication-configuration.js';
import { authenticationConfiguration, writeAuthenticationFile } from './authentication-file.js';
import { jwtRefusal } from './jwt-flags.js';

const dir = mkdtempSync(join(tmpdir(), 'k-authentication-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('what is wrong', () => {
  const faults = (configuration: object): string => {
    try {
      parseAuthenticationConfiguration(authenticationConfiguration(configuration), ['https://own']);
      return 'taken';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const ISSUER = { url: 'https://x', audiences: ['k'] };
  const USERNAME = { username: { claim: 'sub', prefix: '' } };
  const of = (more: object, issuerMore: object = {}): string =>
    faults({ jwt: [{ issuer: { ...ISSUER, ...issuerMore }, claimMappings: USERNAME, ...more }] });
  const mapped = (claimMappings: object): string => of({ claimMappings: { ...USERNAME, ...claimMappings } });

  it('with the head of the file', () => {
    expect(faults({})).toBe('taken');
    expect(['v1beta1', 'v1alpha1'].map((version) => faults({ apiVersion: `apiserver.config.k8s.io/${version}` }))).toEqual([
      'taken',
      'taken',
    ]);
    expect(faults({ kind: 'Other', jwts: [] })).toBe(
      '[<root>: Unsupported value: "jwts": supported values: "anonymous", "apiVersion", "jwt", "kind", ' +
        'kind: Unsupported value: "Other": supported values: "AuthenticationConfiguration"]',
    );
    expect(faults({ jwt: Array.from({ length: 65 }, () => ({})) })).toMatch(/^\[jwt: Too many: 65: must have at most 64 items, /);
    expect(() => parseAuthenticationConfiguration('', [])).toThrow('empty config data');
  });

  it('with who is anonymous', () => {
    expect(faults({ anonymous: { enabled: false, conditions: [{ path: '/livez' }] } })).toBe(
      'anonymous.conditions: Invalid value: [{"path":"/livez"}]: enabled should be set to true when conditions are defined',
    );
    expect(faults({ anonymous: { enabled: 'yes' } })).toBe('anonymous.enabled: Invalid value: "yes": must be a boolean');
    expect(faults({ anonymous: { enabled: true, conditions: [{}] } })).toBe('anonymous.conditions[0].path: Required value');
  });

  it.each([
    [{}, 'taken'],
    [{ url: '' }, 'jwt[0].issuer.url: Required value'],
    [{ url: 'http://x' }, 'jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https'],
    [
      { url: 'https://own' },
      'jwt[0].issuer.url: Invalid value: "https://own": URL must not overlap with disallowed issuers: [https://own]',
    ],
    [{ discoveryURL: 'https://x/' }, 'jwt[0].issuer.discoveryURL: Invalid value: "https://x/": discoveryURL must be different from URL'],
    [{ audiences: [] }, 'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required'],
    [
      { audiences: ['', 'a', 'a'] },
      '[jwt[0].issuer.audiences[0]: Required value, jwt[0].issuer.audiences[2]: Duplicate value: "a", ' +
        'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences]',
    ],
    [
      { audienceMatchPolicy: 'All' },
      'jwt[0].issuer.audienceMatchPolicy: Invalid value: "All": audienceMatchPolicy must be empty or MatchAny for single audience',
    ],
    [
      { certificateAuthority: 'x' },
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    ],
    [{ egressSelectorType: 'cluster' }, 'jwt[0].issuer.egressSelectorType: Invalid value: "cluster": this server has no egress selectors'],
  ])('with an issuer: %j', (more, message) => {
    expect(of({}, more)).toBe(message);
  });

  it('with issuers that are there twice', () => {
    const item = { issuer: { ...ISSUER, discoveryURL: 'https://y' }, claimMappings: USERNAME };
    expect(faults({ jwt: [item, item] })).toBe(
      '[jwt[1].issuer.url: Duplicate value: "https://x", jwt[1].issuer.discoveryURL: Duplicate value: "https://y"]',
    );
  });

  it.each([
    [{ username: {} }, 'username: Required value: claim or expression is required'],
    [{ username: { claim: 'a', expression: 'b' } }, 'username: Invalid value: "": claim and expression can\'t both be set'],
    [
      { username: { claim: 'a' } },
      'username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [{ groups: { expression: 'claims.g', prefix: '' } }, 'groups.prefix: Invalid value: "": may not be specified when expression is set'],
    [
      { groups: { expression: 'user.g' } },
      "groups.expression: Invalid value: \"user.g\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'user' (in container '')\n" +
        ' | user.g\n | ^',
    ],
    [{ uid: { claim: 'a', expression: 'b' } }, 'uid: Invalid value: "": claim and expression can\'t both be set'],
    [{ extra: [{ valueExpression: 'claims.a' }] }, 'extra[0].key: Required value'],
    [
      { extra: [{ key: 'a', valueExpression: 'claims.a' }] },
      'extra[0].key: Invalid value: "a": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [{ extra: [{ key: 'a.io/B', valueExpression: 'claims.a' }] }, 'extra[0].key: Invalid value: "a.io/B": must be lowercase'],
    [
      { extra: [{ key: 'a.k8s.io/b', valueExpression: 'claims.a' }] },
      'extra[0].key: Invalid value: "a.k8s.io/b": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    ],
    [{ extra: [{ key: 'a.io/b' }] }, 'extra[0].valueExpression: Required value'],
    [
      { username: { expression: 'claims.email' } },
      'username.expression: Invalid value: "claims.email": claims.email_verified must be used in claimMappings.username.expression or ' +
        'claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    ],
  ])('with a mapping: %j', (more, message) => {
    expect(mapped(more)).toBe(`jwt[0].claimMappings.${message}`);
  });

  it('nothing with an address that some expression looks after', () => {
    const username = { expression: 'claims.email' };
    expect(mapped({ username, extra: [{ key: 'a.io/b', valueExpression: 'string(claims.email_verified)' }] })).toBe('taken');
    expect(
      of({ claimMappings: { username }, claimValidationRules: [{ expression: 'claims.?email_verified.orValue(true) == true' }] }),
    ).toBe('taken');
    expect(mapped({ username: { expression: 'claims.email_verified ? claims.email : claims.sub' } })).toBe('taken');
    expect(mapped({ username, groups: { expression: 'string(claims.email_verified)' } })).toMatch(/claims.email_verified must be used/);
  });

  it.each([
    [{ claimValidationRules: [{}] }, 'claimValidationRules[0]: Required value: claim or expression is required'],
    [
      { claimValidationRules: [{ claim: 'a', expression: 'b' }] },
      'claimValidationRules[0]: Invalid value: "a": claim and expression can\'t both be set',
    ],
    [
      { claimValidationRules: [{ claim: 'a', message: 'm' }] },
      'claimValidationRules[0].message: Invalid value: "m": may not be specified when claim is set',
    ],
    [
      { claimValidationRules: [{ expression: 'claims.a', requiredValue: 'b' }] },
      '[jwt[0].claimValidationRules[0].requiredValue: Invalid value: "b": may not be specified when expression is set, ' +
        'jwt[0].claimValidationRules[0].expression: Invalid value: "claims.a": must evaluate to bool]',
    ],
    [{ claimValidationRules: [{ claim: 'a' }, { claim: 'a' }] }, 'claimValidationRules[1].claim: Duplicate value: "a"'],
    [{ userValidationRules: [{}] }, 'userValidationRules[0].expression: Required value'],
    [
      { userValidationRules: [{ expression: 'true' }, { expression: 'true' }] },
      'userValidationRules[1].expression: Duplicate value: "true"',
    ],
    [
      { userValidationRules: [{ expression: 'user.username' }] },
      'userValidationRules[0].expression: Invalid value: "user.username": must evaluate to bool',
    ],
  ])('with a rule: %j', (more, message) => {
    expect(of(more)).toBe(message.startsWith('[') ? message : `jwt[0].${message}`);
  });

  it('with flags beside the file', async () => {
    writeAuthenticationFile(dir, { anonymous: { enabled: true } });
    const refusal = (...args: string[]): Promise<string> => jwtRefusal(`--authentication-config=${dir}/authn.json`, ...args);
    expect(await refusal()).toBe('taken');
    expect(await refusal('--oidc-groups-claim=x')).toBe('authentication-config file and oidc-* flags are mutually exclusive');
    expect(await refusal('--anonymous-auth=true')).toBe(
      'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
    );
    writeAuthenticationFile(dir, { jwt: [{}] });
    expect(await refusal()).toMatch(/^--authentication-config: \[jwt\[0\]\.issuer\.url: Required value, /);
  });
});
