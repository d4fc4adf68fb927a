/** Operations that describe the server rather than read objects. */
import { groupVersionPath, groupWord, OBJECT_TYPES, type Operation } from './operations.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const title = (text: string): string => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;

function get(path: string, operationId: string, tag: string, description: string, answer: string, produces = OBJECT_TYPES): Operation {
  return { path, method: 'get', operationId, description, tags: [tag], parameters: [], answers: { '200': answer }, produces };
}

/** Documents of paths outside the group versions, by their key in the index of OpenAPI v3. */
export const SERVER_OPERATIONS: Readonly<Record<string, readonly Operation[]>> = {
  '.well-known/openid-configuration': [
    get(
      '/.well-known/openid-configuration/',
      'getServiceAccountIssuerOpenIDConfiguration',
      'WellKnown',
      'get service account issuer OpenID configuration',
      'string',
      ['application/json'],
    ),
  ],
  api: [get('/api/', 'getCoreAPIVersions', 'core', 'get available API versions', `${META}.APIVersions`)],
  apis: [get('/apis/', 'getAPIVersions', 'apis', 'get available API versions', `${META}.APIGroupList`)],
  'openid/v1/jwks': [
    get(
      '/openid/v1/jwks/',
      'getServiceAccountIssuerOpenIDKeyset',
      'openid',
      'get service account issuer OpenID JSON Web Key Set',
      'string',
      ['application/jwk-set+json'],
    ),
  ],
  version: [
    get('/version/', 'getCodeVersion', 'version', 'get the version information for this server', 'io.k8s.apimachinery.pkg.version.Info', [
      'application/json',
    ]),
  ],
};

/** `GET /apis/GROUP/`. */
export function groupOperation(group: string): Operation {
  const word = groupWord(group);
  return get(`/apis/${group}/`, `get${title(word)}APIGroup`, word, 'get information of a group', `${META}.APIGroup`);
}

/** `GET /apis/GROUP/VERSION/`. */
export function groupVersionOperation(group: string, version: string): Operation {
  const word = groupWord(group);
  const id = `get${title(word)}${title(version)}APIResources`;
  return get(`${groupVersionPath(group, version)}/`, id, `${word}_${version}`, 'get available resources', `${META}.APIResourceList`);
}
