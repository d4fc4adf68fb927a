/** The file of `--authentication-config`: issuers of tokens, and who may be anonymous. */
import { aggregateFieldErrors, duplicate, type FieldError, invalid, notSupported, required, tooMany, typeInvalid } from '@k/apimachinery';
import { parseYaml } from '@k/apimachinery/yaml';
import { type JwtIssuerOptions, SIGNING_ALGORITHMS } from '@k/auth/oidc';
import { fieldsOf, listOf, textOf } from './configuration-fields.js';
import { audienceFaults, authorityFaults, issuerUrlFaults } from './jwt-issuer.js';
import { mappingOf } from './jwt-mapping.js';

/** What the file says. */
export interface AuthenticationConfiguration {
  issuers: readonly JwtIssuerOptions[];
  /** Whether requests without credentials are taken; paths = those alone. Undefined = the file does not say. */
  anonymous: boolean | ReadonlySet<string> | undefined;
}

const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`);
const ISSUERS_MAX = 64;
const ISSUER_FIELDS = ['url', 'discoveryURL', 'certificateAuthority', 'audiences', 'audienceMatchPolicy', 'egressSelectorType'];

/**
 * Reads the configuration.
 *
 * @param disallowedIssuers - Issuers that are the server's own.
 * @throws {Error} with everything that is wrong, each with its field and value.
 */
export function parseAuthenticationConfiguration(text: string, disallowedIssuers: readonly string[]): AuthenticationConfiguration {
  if (text.trim() === '') throw new Error('empty config data');
  const errors: FieldError[] = [];
  const file = fieldsOf(parseYaml(text), '', errors, ['apiVersion', 'kind', 'jwt', 'anonymous']);
  if (!API_VERSIONS.includes(String(file['apiVersion']))) errors.push(notSupported('apiVersion', file['apiVersion'], API_VERSIONS));
  if (file['kind'] !== 'AuthenticationConfiguration') errors.push(notSupported('kind', file['kind'], ['AuthenticationConfiguration']));
  const list = listOf(file['jwt'], 'jwt', errors);
  if (list.length > ISSUERS_MAX) errors.push(tooMany('jwt', list.length, ISSUERS_MAX));
  const seen = { urls: new Set<string>(), discoveryUrls: new Set<string>() };
  const issuers = list.slice(0, ISSUERS_MAX).map((item, i) => {
    const issuer = jwtOf(item, `jwt[${i}]`, errors, disallowedIssuers);
    if (seen.urls.has(issuer.url)) errors.push(duplicate(`jwt[${i}].issuer.url`, issuer.url));
    seen.urls.add(issuer.url);
    const { discoveryUrl } = issuer;
    if (discoveryUrl === undefined) return issuer;
    if (seen.discoveryUrls.has(discoveryUrl)) errors.push(duplicate(`jwt[${i}].issuer.discoveryURL`, discoveryUrl));
    seen.discoveryUrls.add(discoveryUrl);
    return issuer;
  });
  const anonymous = anonymousOf(file['anonymous'], errors);
  if (errors.length > 0) throw new Error(aggregateFieldErrors(errors));
  return { issuers, anonymous };
}

function jwtOf(item: unknown, at: string, errors: FieldError[], disallowedIssuers: readonly string[]): JwtIssuerOptions {
  const fields = fieldsOf(item, at, errors, ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules']);
  const issuer = issuerOf(fields['issuer'] ?? {}, `${at}.issuer`, errors, disallowedIssuers);
  return { ...issuer, ...mappingOf(fields, at, errors), signingAlgorithms: SIGNING_ALGORITHMS };
}

type IssuerOptions = Pick<JwtIssuerOptions, 'url' | 'discoveryUrl' | 'certificateAuthority' | 'audiences'>;

function issuerOf(item: unknown, at: string, errors: FieldError[], disallowedIssuers: readonly string[]): IssuerOptions {
  const fields = fieldsOf(item, at, errors, ISSUER_FIELDS);
  const text = (name: string): string => textOf(fields[name], `${at}.${name}`, errors);
  const url = text('url');
  errors.push(...(url === '' ? [required(`${at}.url`)] : issuerUrlFaults(url, `${at}.url`, disallowedIssuers)));
  const discoveryUrl = text('discoveryURL');
  if (discoveryUrl !== '') {
    const field = `${at}.discoveryURL`;
    const bare = (one: string): string => one.replace(/\/+$/, '');
    if (url !== '' && bare(url) === bare(discoveryUrl))
      errors.push(invalid(field, discoveryUrl, 'discoveryURL must be different from URL'));
    errors.push(...issuerUrlFaults(discoveryUrl, field));
  }
  const audiences = listOf(fields['audiences'], `${at}.audiences`, errors).map((one, i) => textOf(one, `${at}.audiences[${i}]`, errors));
  errors.push(...audienceFaults(audiences, text('audienceMatchPolicy'), at));
  const certificateAuthority = text('certificateAuthority');
  if (certificateAuthority !== '') errors.push(...authorityFaults(certificateAuthority, `${at}.certificateAuthority`));
  const egress = text('egressSelectorType');
  if (egress !== '') errors.push(invalid(`${at}.egressSelectorType`, egress, 'this server has no egress selectors'));
  return {
    url,
    audiences,
    ...(discoveryUrl === '' ? {} : { discoveryUrl }),
    ...(certificateAuthority === '' ? {} : { certificateAuthority }),
  };
}

function anonymousOf(item: unknown, errors: FieldError[]): AuthenticationConfiguration['anonymous'] {
  if (item === undefined || item === null) return undefined;
  const fields = fieldsOf(item, 'anonymous', errors, ['enabled', 'conditions']);
  const enabled = fields['enabled'] ?? false;
  if (typeof enabled !== 'boolean') {
    errors.push(typeInvalid('anonymous.enabled', enabled, 'must be a boolean'));
    return undefined;
  }
  const conditions = listOf(fields['conditions'], 'anonymous.conditions', errors);
  const paths = conditions.map((condition, i) => {
    const at = `anonymous.conditions[${i}]`;
    const path = textOf(fieldsOf(condition, at, errors, ['path'])['path'], `${at}.path`, errors);
    if (path === '') errors.push(required(`${at}.path`));
    return path;
  });
  if (!enabled && paths.length > 0) {
    errors.push(invalid('anonymous.conditions', conditions, 'enabled should be set to true when conditions are defined'));
  }
  return paths.length === 0 ? enabled : new Set(paths);
}
