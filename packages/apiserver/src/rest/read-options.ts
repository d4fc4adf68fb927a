import {
  type FieldError,
  type FieldSelector,
  forbidden,
  isEverything,
  type LabelSelector,
  matchesFields,
  matchesLabels,
  newBadRequest,
  newInvalid,
  notSupported,
  parseFieldSelector,
  parseLabelSelector,
} from '@k/apimachinery';
import type { Freshness, SelectFunction, SelectorEquals } from '@k/storage';
import type { RequestContext } from '../context.js';
import type { ResourceScope } from '../server-context.js';
import { decodeContinue } from './continue-token.js';
import { parseBoolean } from './options.js';

/** `meta/v1` ListOptions, checked. */
export interface ListRequest {
  select: SelectFunction | undefined;
  /** The equalities in the selectors, which indexes can answer. */
  equals: SelectorEquals | undefined;
  /** Selects by fields other than the name and the namespace, whose values may differ between versions. */
  selectsFields: boolean;
  /** A `metadata.name=x` field selector. */
  nameSelected: string | undefined;
  limit: number;
  /** '' when absent. */
  resourceVersion: string;
  resourceVersionMatch: '' | 'NotOlderThan' | 'Exact';
  /** From the continue token. */
  startAfter: string | undefined;
  freshness: Freshness;
  /** True when a continue token carried the revision. */
  continued: boolean;
  timeoutSeconds: number | undefined;
  allowWatchBookmarks: boolean;
  sendInitialEvents: boolean | undefined;
}

const DIGITS = /^\d+$/;

/** Parses and checks the query of a list or a watch. */
export function parseListOptions(context: RequestContext, scope: ResourceScope, watch: boolean): ListRequest {
  const query = context.query;
  if (query === null) return EVERYTHING;
  const resourceVersion = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const continueToken = query.get('continue') ?? '';
  const limitText = query.get('limit');
  const limit = parseInteger(limitText);
  const timeoutSeconds = parseInteger(query.get('timeoutSeconds'));
  const initial = query.get('sendInitialEvents');
  const sendInitialEvents = initial === null ? undefined : parseBoolean(initial);
  const isLegacy = watch && initial === null && match === '' && (resourceVersion === '' || resourceVersion === '0');
  // A watch from nowhere begins with the present state, as if it had asked for it.
  const sends = isLegacy ? true : sendInitialEvents;
  checkVersionOptions({ resourceVersion, match: isLegacy ? 'NotOlderThan' : match, continueToken, sendInitialEvents: sends, watch });
  const label = parseLabels(query.get('labelSelector'));
  const { selector: fields, nameSelected } = parseFields(query.get('fieldSelector'), scope);
  const request: ListRequest = {
    select: combine(label, fields),
    equals: equalsOf(label, fields),
    selectsFields: fields?.some(({ field }) => field !== 'metadata.name' && field !== 'metadata.namespace') === true,
    nameSelected,
    limit: limit !== undefined && limit > 0 ? limit : 0,
    resourceVersion,
    resourceVersionMatch: match as '' | 'NotOlderThan' | 'Exact',
    startAfter: undefined,
    freshness: { kind: 'latest' },
    continued: false,
    timeoutSeconds,
    allowWatchBookmarks: parseBoolean(query.get('allowWatchBookmarks') ?? '0'),
    sendInitialEvents: sends,
  };
  if (!watch) applyFreshness(request, continueToken, scope.served.definition.namespaced ? scope.namespace : '');
  return request;
}

const EVERYTHING: ListRequest = Object.freeze({
  select: undefined,
  equals: undefined,
  selectsFields: false,
  nameSelected: undefined,
  limit: 0,
  resourceVersion: '',
  resourceVersionMatch: '',
  startAfter: undefined,
  freshness: { kind: 'latest' },
  continued: false,
  timeoutSeconds: undefined,
  allowWatchBookmarks: false,
  sendInitialEvents: undefined,
} satisfies ListRequest);

/** A number in a query; 400 with Go's text for what is none. */
export function parseInteger(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^[+-]?\d{1,18}$/.test(text)) {
    if (/^[+-]?\d+$/.test(text)) throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
    throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

/** A value outside a closed list that is shown in its own order. */
function unsupported(field: string, badValue: string, supported: readonly string[]): FieldError {
  const list = supported.map((value) => JSON.stringify(value)).join(', ');
  return { type: 'FieldValueNotSupported', field, badValue, detail: `supported values: ${list}` };
}

/** The rules that tie resourceVersion, resourceVersionMatch, continue and sendInitialEvents together. */
function checkVersionOptions(options: {
  resourceVersion: string;
  match: string;
  continueToken: string;
  sendInitialEvents: boolean | undefined;
  watch: boolean;
}): void {
  const errors: FieldError[] = [];
  const { resourceVersion, match, continueToken, sendInitialEvents, watch } = options;
  if (watch) {
    if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
      errors.push(forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
    }
    if (match !== '') {
      if (sendInitialEvents === undefined) {
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
      }
      if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
      if (continueToken !== '') {
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
      }
    }
  } else {
    if (match !== '') {
      if (resourceVersion === '') {
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
      }
      if (continueToken !== '') {
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
      }
      if (match !== 'NotOlderThan' && match !== 'Exact') {
        errors.push(unsupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
      }
      if (match === 'Exact' && resourceVersion === '0') {
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
      }
    }
    if (sendInitialEvents !== undefined) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  if (errors.length > 0) throw newInvalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}

function parseLabels(text: string | null): LabelSelector | undefined {
  if (text === null || text === '') return undefined;
  try {
    const selector = parseLabelSelector(text);
    return isEverything(selector) ? undefined : selector;
  } catch (error) {
    throw newBadRequest(error instanceof Error ? error.message : String(error));
  }
}

/** Parses a field selector and refuses fields that the resource does not offer. */
function parseFields(text: string | null, scope: ResourceScope): { selector: FieldSelector | undefined; nameSelected: string | undefined } {
  if (text === null || text === '') return { selector: undefined, nameSelected: undefined };
  let selector: FieldSelector;
  try {
    selector = parseFieldSelector(text);
  } catch (error) {
    throw newBadRequest(error instanceof Error ? error.message : String(error));
  }
  const { definition, version } = scope.served;
  let nameSelected: string | undefined;
  for (const requirement of selector) {
    const { field } = requirement;
    const known =
      field === 'metadata.name' || (field === 'metadata.namespace' && definition.namespaced) || version.selectableFields.includes(field);
    if (!known) {
      throw newBadRequest(
        definition.strategy.fieldSelectorErrors === 'label'
          ? `field label not supported: ${field}`
          : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    }
    if (field === 'metadata.name' && requirement.operator === '=') nameSelected = requirement.value;
  }
  return { selector, nameSelected };
}

function equalsOf(label: LabelSelector | undefined, fieldSelector: FieldSelector | undefined): SelectorEquals | undefined {
  const labels: Record<string, string> = {};
  for (const { key, operator, values } of label ?? []) {
    if ((operator === '=' || operator === 'in') && values.length === 1) labels[key] = values[0] as string;
  }
  const fields: Record<string, string> = {};
  for (const { field, operator, value } of fieldSelector ?? []) if (operator === '=') fields[field] = value;
  return Object.keys(labels).length + Object.keys(fields).length === 0 ? undefined : { labels, fields };
}

function combine(labels: LabelSelector | undefined, fields: FieldSelector | undefined): SelectFunction | undefined {
  if (labels && fields) return (object) => matchesLabels(labels, object.labels) && matchesFields(fields, object.fields);
  if (labels) return (object) => matchesLabels(labels, object.labels);
  if (fields) return (object) => matchesFields(fields, object.fields);
  return undefined;
}

function applyFreshness(request: ListRequest, continueToken: string, namespace: string): void {
  const { resourceVersion, resourceVersionMatch } = request;
  if (continueToken !== '') {
    if (resourceVersion !== '' && resourceVersion !== '0') {
      throw newBadRequest('specifying resource version is not allowed when using continue');
    }
    const token = decodeContinue(continueToken);
    request.startAfter = namespace === '' ? token.startAfter : `${namespace}/${token.startAfter}`;
    request.freshness = token.revision > 0 ? { kind: 'exact', revision: token.revision } : { kind: 'latest' };
    request.continued = true;
    return;
  }
  request.freshness = freshnessOf(resourceVersion, resourceVersionMatch, request.limit > 0, 'invalid resource version: ');
  // What the cache has anyway is not worth paging.
  if (resourceVersion === '0') request.limit = 0;
}

/**
 * What a resourceVersion asks for.
 *
 * @param prefix - What stands before the message about a malformed version.
 */
export function freshnessOf(resourceVersion: string, match: string, limited: boolean, prefix = ''): Freshness {
  if (resourceVersion === '') return { kind: 'latest' };
  if (resourceVersion === '0') return { kind: 'any' };
  const revision = parseRevision(resourceVersion, prefix);
  if (match === 'Exact') return { kind: 'exact', revision };
  // A limit with a version but without a match is an exact read, for the sake of old clients.
  if (match === '' && limited) return { kind: 'exact', revision };
  return { kind: 'notOlderThan', revision };
}

/** A revision from a client; 400 for anything but a decimal number that fits. */
function parseRevision(resourceVersion: string, prefix: string): number {
  const revision = Number(resourceVersion);
  if (DIGITS.test(resourceVersion) && Number.isSafeInteger(revision)) return revision;
  const isNumber = DIGITS.test(resourceVersion);
  // Beyond what any store reaches, though a 64-bit number.
  if (isNumber && BigInt(resourceVersion) < 2n ** 64n) return Number.MAX_SAFE_INTEGER;
  const fault = isNumber ? 'value out of range' : 'invalid syntax';
  const text = JSON.stringify(resourceVersion);
  throw newBadRequest(`${prefix}resourceVersion: Invalid value: ${text}: strconv.ParseUint: parsing ${text}: ${fault}`);
}
