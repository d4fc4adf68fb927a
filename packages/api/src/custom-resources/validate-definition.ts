/** Which CustomResourceDefinitions are accepted. Order and texts are kube-apiserver's. */
import { deepEqual, type FieldErrors, IMMUTABLE } from '../validation/field-errors.js';
import { isDns1035Label, isDns1123Subdomain } from '../validation/names.js';
import { API_APPROVED, isProtectedGroup } from './api-approval.js';
import { type CrdConversion, type CrdNames, type CrdObject, type CrdSpec, type CrdVersion, conditionStatus } from './crd-object.js';
import { validateSchema } from './validate-schema.js';
import { validateColumns, validateSelectableFields, validateSubresources } from './validate-version-parts.js';

const WARNING_BYTES_MAX = 256;

/**
 * Where each part of a version is reported: upstream moves what all versions share to the top of the spec, and says so.
 */
interface Places {
  schema: string;
  subresources: string;
  columns: string;
  selectable: string;
}

function placesOf(versions: readonly CrdVersion[], i: number): Places {
  const shares = (key: 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields'): boolean =>
    versions.every((version) => deepEqual(version[key], versions[0]?.[key]));
  const own = `spec.versions[${i}]`;
  return {
    schema: shares('schema') ? 'spec.validation' : `${own}.schema`,
    subresources: shares('subresources') ? 'spec.subresources' : `${own}.subresources`,
    columns: shares('additionalPrinterColumns') ? 'spec.additionalPrinterColumns' : `${own}.additionalPrinterColumns`,
    selectable: shares('selectableFields') ? 'spec.selectableFields' : `${own}.selectableFields`,
  };
}

/** Versions as Go prints its internal structs, with what all share moved away. */
function printedVersions(versions: readonly CrdVersion[] | undefined): unknown {
  if (versions === undefined) return null;
  return versions.map((version, i) => {
    const places = placesOf(versions, i);
    return {
      Name: version.name ?? '',
      Served: version.served === true,
      Storage: version.storage === true,
      Deprecated: version.deprecated === true,
      DeprecationWarning: version.deprecationWarning ?? null,
      Schema: places.schema.startsWith('spec.versions') ? (version.schema ?? null) : null,
      Subresources: places.subresources.startsWith('spec.versions') ? (version.subresources ?? null) : null,
      AdditionalPrinterColumns: places.columns.startsWith('spec.versions[') ? (version.additionalPrinterColumns ?? null) : null,
      SelectableFields: places.selectable.startsWith('spec.versions[') ? (version.selectableFields ?? null) : null,
    };
  });
}

function validateLabelName(value: string | undefined, at: string, errors: FieldErrors, mixedCase = false): void {
  if (value === undefined || value === '') return;
  const faults = isDns1035Label(mixedCase ? value.toLowerCase() : value);
  if (faults.length === 0) return;
  const prefix = mixedCase ? 'may have mixed case, but should otherwise match: ' : '';
  errors.invalid(at, value, `${prefix}${faults.join(',')}`);
}

function validateNames(names: CrdNames, at: string, errors: FieldErrors): void {
  validateLabelName(names.plural, `${at}.plural`, errors);
  validateLabelName(names.singular, `${at}.singular`, errors);
  validateLabelName(names.kind, `${at}.kind`, errors, true);
  validateLabelName(names.listKind, `${at}.listKind`, errors, true);
  names.shortNames?.forEach((name, i) => {
    const faults = isDns1035Label(name);
    if (faults.length > 0) errors.invalid(`${at}.shortNames[${i}]`, name, faults.join(','));
  });
  if (names.kind !== undefined && names.kind !== '' && names.kind === names.listKind) {
    errors.invalid(`${at}.listKind`, names.listKind, 'kind and listKind may not be the same');
  }
  names.categories?.forEach((name, i) => {
    const faults = isDns1035Label(name);
    if (faults.length > 0) errors.invalid(`${at}.categories[${i}]`, name, faults.join(','));
  });
}

function validateDeprecation(version: CrdVersion, at: string, errors: FieldErrors): void {
  const text = version.deprecationWarning;
  if (text === undefined) return;
  const field = `${at}.deprecationWarning`;
  if (version.deprecated !== true) errors.invalid(field, text, 'can only be set for deprecated versions');
  if (text === '') errors.invalid(field, text, 'must not be empty');
  if (Buffer.byteLength(text) > WARNING_BYTES_MAX) errors.invalid(field, text, `must be <= ${WARNING_BYTES_MAX} UTF-8 encoded bytes`);
  const odd = [...text].findIndex((char) => !/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char));
  if (odd >= 0) {
    const detail = `must only contain printable UTF-8 characters; non-printable character found at index ${odd}`;
    errors.invalid(field, text, detail);
  }
}

function validateVersions(spec: CrdSpec, errors: FieldErrors): void {
  const { versions = [] } = spec;
  const reported = new Set<string>();
  const once = (at: string, check: () => void): void => {
    if (reported.has(at)) return;
    reported.add(at);
    check();
  };
  // What belongs to one version comes first, what all share after all of them.
  for (const shared of [false, true]) {
    versions.forEach((version, i) => {
      const at = `spec.versions[${i}]`;
      if (!shared) {
        const faults = isDns1035Label(version.name ?? '');
        if (faults.length > 0) errors.invalid(`${at}.name`, version.name ?? '', faults.join(','));
        validateDeprecation(version, at, errors);
      }
      const places = placesOf(versions, i);
      const isTurn = (place: string): boolean => place.startsWith('spec.versions[') !== shared;
      const schema = version.schema?.openAPIV3Schema;
      if (schema !== undefined && isTurn(places.schema)) {
        once(places.schema, () => void validateSchema(schema, `${places.schema}.openAPIV3Schema`, errors));
      }
      if (isTurn(places.subresources))
        once(places.subresources, () => validateSubresources(version.subresources, places.subresources, errors));
      if (isTurn(places.columns)) once(places.columns, () => validateColumns(version.additionalPrinterColumns, places.columns, errors));
      if (isTurn(places.selectable)) once(places.selectable, () => validateSelectableFields(version, places.selectable, errors));
    });
  }
  versions.forEach((version, i) => {
    if (version.served === true && version.schema?.openAPIV3Schema === undefined) {
      errors.required(`spec.versions[${i}].schema.openAPIV3Schema`);
    }
  });
  const names = versions.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    errors.invalid('spec.versions', printedVersions(spec.versions), 'must contain unique version names');
  }
  if (versions.filter(({ storage }) => storage === true).length !== 1) {
    errors.invalid('spec.versions', printedVersions(spec.versions), 'must have exactly one version marked as storage version');
  }
  const first = versions[0]?.name ?? '';
  validateLabelName(first, 'spec.version', errors);
}

function validateConversion(conversion: CrdConversion | undefined, errors: FieldErrors): void {
  const at = 'spec.conversion';
  if (conversion === undefined) return;
  const { strategy = '', webhook } = conversion;
  if (strategy === '') errors.required(`${at}.strategy`);
  else errors.oneOf(`${at}.strategy`, strategy, ['None', 'Webhook']);
  const reviews = webhook?.conversionReviewVersions;
  if (strategy !== 'Webhook') {
    if (webhook?.clientConfig !== undefined) {
      errors.forbidden(`${at}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook');
    }
    if (reviews !== undefined && reviews.length > 0) {
      errors.forbidden(`${at}.conversionReviewVersions`, 'should not be set when strategy is not set to Webhook');
    }
    return;
  }
  const client = webhook?.clientConfig;
  if (client === undefined) errors.required(`${at}.webhookClientConfig`, 'required when strategy is set to Webhook');
  else if ((client.url === undefined) === (client.service === undefined)) {
    errors.required(`${at}.webhookClientConfig`, 'exactly one of url or service is required');
  } else if (client.url !== undefined) validateWebhookUrl(client.url, `${at}.webhookClientConfig.url`, errors);
  else {
    const service = `${at}.webhookClientConfig.service`;
    if ((client.service?.name ?? '') === '') errors.required(`${service}.name`, 'service name is required');
    if ((client.service?.namespace ?? '') === '') errors.required(`${service}.namespace`, 'service namespace is required');
  }
  validateReviewVersions(reviews, `${at}.conversionReviewVersions`, errors);
}

function validateReviewVersions(reviews: readonly string[] | undefined, at: string, errors: FieldErrors): void {
  if (reviews === undefined || reviews.length === 0) {
    errors.required(at);
    return;
  }
  reviews.forEach((version, i) => {
    if (reviews.indexOf(version) < i) errors.invalid(`${at}[${i}]`, version, 'duplicate version');
    else errors.invalidEach(`${at}[${i}]`, version, isDns1035Label(version));
  });
  if (!reviews.some((version) => version === 'v1' || version === 'v1beta1')) {
    errors.invalid(at, reviews, 'must include at least one of v1, v1beta1');
  }
}

function validateWebhookUrl(text: string, at: string, errors: FieldErrors): void {
  const form = 'desired format: https://host[/path]';
  if (!URL.canParse(text)) {
    errors.required(at, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI for request; ${form}`);
    return;
  }
  const url = new URL(text);
  if (url.protocol !== 'https:') errors.invalid(at, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${form}`);
  if (url.host === '') errors.invalid(at, url.host, `host must be specified; ${form}`);
  if (url.username !== '') errors.invalid(at, url.username, `user information is not permitted in the URL; ${form}`);
  if (url.hash !== '') errors.invalid(at, url.hash.slice(1), `fragments are not permitted in the URL; ${form}`);
  if (url.search !== '') errors.invalid(at, url.search.slice(1), `query parameters are not permitted in the URL; ${form}`);
}

function validateSpec(spec: CrdSpec, errors: FieldErrors): void {
  const { group = '', scope = '', names = {} } = spec;
  const faults = group === '' ? [] : isDns1123Subdomain(group);
  if (group === '') errors.required('spec.group');
  else if (faults.length > 0) errors.invalid('spec.group', group, faults.join(','));
  else if (!group.includes('.')) errors.invalid('spec.group', group, 'should be a domain with at least one dot');
  if (scope === '') errors.required('spec.scope');
  else errors.oneOf('spec.scope', scope, ['Cluster', 'Namespaced']);
  validateVersions(spec, errors);
  for (const key of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if ((names[key] ?? '') === '') errors.required(`spec.names.${key}`);
  }
  validateNames(names, 'spec.names', errors);
  validateConversion(spec.conversion, errors);
}

function validateStoredVersions(crd: CrdObject, errors: FieldErrors): void {
  const at = 'status.storedVersions';
  const stored = crd.status?.storedVersions ?? [];
  const versions = crd.spec?.versions ?? [];
  const shown = crd.status?.storedVersions === undefined || stored.length === 0 ? null : stored;
  if (stored.length === 0) errors.invalid(at, shown, 'must have at least one stored version');
  for (const { name = '', storage } of versions) {
    if (storage === true && !stored.includes(name)) errors.invalid(at, shown, `must have the storage version ${name}`);
  }
  stored.forEach((name, i) => {
    if (versions.some((version) => version.name === name)) return;
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.invalid(`${at}[${i}]`, name, detail);
  });
}

function validateApproval(crd: CrdObject, errors: FieldErrors): void {
  if (!isProtectedGroup(crd.spec?.group ?? '')) return;
  const value = crd.metadata?.annotations?.[API_APPROVED];
  const at = `metadata.annotations[${API_APPROVED}]`;
  const link = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (value === undefined || value === '') {
    errors.required(at, `protected groups must have approval annotation "${API_APPROVED}", ${link}`);
  } else if (!value.startsWith('unapproved') && !/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(value)) {
    const detail = `protected groups must have approval annotation "${API_APPROVED}" with either a URL or a reason starting with "unapproved", ${link}`;
    errors.invalid(at, value, detail);
  }
}

function validatePreserve(crd: CrdObject, errors: FieldErrors): void {
  if (crd.spec?.preserveUnknownFields !== true) return;
  const detail = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  errors.invalid('spec.preserveUnknownFields', true, detail);
}

/** Errors of a new definition, without those of metadata. */
export function validateNewDefinition(crd: CrdObject, errors: FieldErrors): void {
  const { group = '', names } = crd.spec ?? {};
  const name = crd.metadata?.name ?? '';
  if (name !== '' && name !== `${names?.plural ?? ''}.${group}`) {
    errors.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group');
  }
  validateSpec(crd.spec ?? {}, errors);
  validateStoredVersions(crd, errors);
  validateApproval(crd, errors);
  validatePreserve(crd, errors);
}

/** Errors of a changed definition. */
export function validateChangedDefinition(crd: CrdObject, old: CrdObject, errors: FieldErrors): void {
  const spec = crd.spec ?? {};
  const before = old.spec ?? {};
  validateSpec(spec, errors);
  const keep = (field: string, now: string | undefined, then: string | undefined): void => {
    if ((now ?? '') !== (then ?? '')) errors.invalid(field, now ?? '', IMMUTABLE);
  };
  if (conditionStatus(old, 'Established') === 'True') {
    keep('spec.scope', spec.scope, before.scope);
    keep('spec.names.kind', spec.names?.kind, before.names?.kind);
  }
  keep('spec.group', spec.group, before.group);
  keep('spec.names.plural', spec.names?.plural, before.names?.plural);
  validateStoredVersions(crd, errors);
  if (old.metadata?.annotations?.[API_APPROVED] !== undefined || !isProtectedGroup(before.group ?? '')) validateApproval(crd, errors);
  if (before.preserveUnknownFields !== true) validatePreserve(crd, errors);
}

/** Errors of a change of status. */
export function validateStatusChange(crd: CrdObject, errors: FieldErrors): void {
  validateNames(crd.status?.acceptedNames ?? {}, 'status.acceptedNames', errors);
  validateStoredVersions(crd, errors);
}

/** Where errors in the schema of a version are reported. */
export function schemaPlace(crd: CrdObject, versionIndex: number): string {
  return `${placesOf(crd.spec?.versions ?? [], versionIndex).schema}.openAPIV3Schema`;
}
