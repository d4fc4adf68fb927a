/** What is said about the selectors of device classes and claims. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing.js';

const API = '/apis/resource.k8s.io/v1';
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const call = (method: string, path: string, body: object) =>
  server.client.request<{ message?: string; metadata: object; spec?: object }>(method, path, { body });
const selectors = (...expressions: string[]) => expressions.map((expression) => ({ cel: { expression } }));
const classWith = (...expressions: string[]) => ({ metadata: { name: 'c' }, spec: { selectors: selectors(...expressions) } });
const refused = async (path: string, body: object): Promise<string | undefined> => {
  const answer = await call('POST', path, body);
  expect(answer.status).toBe(422);
  return answer.body.message;
};

describe('the selector of a class', () => {
  it.each([
    "device.driver == 'gpu.example.com' && device.attributes['gpu.example.com'].healthy",
    "device.attributes['gpu.example.com'].healthy",
    "device.capacity['gpu.example.com'].memory.isGreaterThan(quantity('1Gi')) && device.allowMultipleAllocations",
    "cel.bind(gpu, device.attributes['gpu.example.com'], gpu.model == 'a' && gpu.version.isGreaterThan(semver('1.0.0')))",
    "device.attributes.exists(domain, domain == 'x') || device.attributes[?'x'].hasValue()",
  ])('%s is taken', async (expression) => {
    const { status, body } = await call('POST', `${API}/deviceclasses?dryRun=All`, classWith(expression));
    expect([status, body.message]).toEqual([201, undefined]);
  });

  it.each([
    ['device.name', 7, "undefined field 'name'"],
    ['device.driver == 1', 15, "found no matching overload for '_==_' applied to '(string, int)'"],
    [
      "device.attributes['d'].list.all(x, x == 1)",
      23,
      "expression of type 'any' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    ["device.capacity['d'].memory > 1", 29, "found no matching overload for '_>_' applied to '(kubernetes.Quantity, int)'"],
    ['cel.bind(1, device, true)', 10, 'cel.bind() variable names must be simple identifiers'],
    ['object.x == 1', 1, "undeclared reference to 'object' (in container '')"],
  ])('%s does not compile', async (expression, column, text) => {
    const where = `ERROR: <input>:1:${column}: ${text}\n | ${expression}\n | ${'.'.repeat(column - 1)}^`;
    expect(await refused(`${API}/deviceclasses`, classWith('true', expression))).toBe(
      `DeviceClass.resource.k8s.io "c" is invalid: spec.selectors[1].cel.expression: Invalid value: ${JSON.stringify(expression)}: compilation failed: ${where}`,
    );
  });

  it.each([
    ['device.driver', 'Invalid value: "device.driver": must evaluate to bool or the unknown type, not string'],
    [
      'device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a == d))))',
      'Forbidden: too complex, exceeds cost limit',
    ],
  ])('%s is refused', async (expression, text) => {
    expect(await refused(`${API}/deviceclasses`, classWith(expression))).toBe(
      `DeviceClass.resource.k8s.io "c" is invalid: spec.selectors[0].cel.expression: ${text}`,
    );
  });

  it('is looked at when it changes', async () => {
    expect((await call('POST', `${API}/deviceclasses`, classWith('true'))).status).toBe(201);
    const { status, body } = await call('PUT', `${API}/deviceclasses/c`, classWith('1'));
    expect([status, body.message]).toEqual([
      422,
      'DeviceClass.resource.k8s.io "c" is invalid: spec.selectors[0].cel.expression: Invalid value: "1": must evaluate to bool or the unknown type, not int',
    ]);
  });
});

describe('a claim', () => {
  const devices = {
    requests: [
      { name: 'a', exactly: { deviceClassName: 'c', selectors: selectors('1') } },
      { name: 'b', firstAvailable: [{ name: 'x', selectors: selectors('2') }] },
    ],
  };
  const fault = (path: string, value: string) =>
    `${path}.cel.expression: Invalid value: "${value}": must evaluate to bool or the unknown type, not int`;

  it.each([
    ['resourceclaims', 'ResourceClaim', { devices }, 'spec'],
    ['resourceclaimtemplates', 'ResourceClaimTemplate', { spec: { devices } }, 'spec.spec'],
  ])('%s: every request is looked at, beside what else is wrong', async (resource, kind, spec, at) => {
    const requests = `${at}.devices.requests`;
    const faults = [
      `${requests}[1].firstAvailable[0].deviceClassName: Required value`,
      fault(`${requests}[0].exactly.selectors[0]`, '1'),
      fault(`${requests}[1].firstAvailable[0].selectors[0]`, '2'),
    ];
    expect(await refused(`${API}/namespaces/default/${resource}`, { metadata: { name: 'x' }, spec })).toBe(
      `${kind}.resource.k8s.io "x" is invalid: [${faults.join(', ')}]`,
    );
  });
});
