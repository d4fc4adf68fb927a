import {
  type FieldError,
  type FieldSelector,
  forbidden,
  invalid,
  isEverything,
  type LabelSelector,
  matchesFields,
  matchesLabels,
  newBadRequest,
  newInvalid,
  newStatusError,
  notSupported,
  parseFieldSelector,
  parseLabelSelector,
} from '@k/apimachinery';
import type { Freshness, SelectFunction } from '@k/storage';
import type { RequestContext } from '../context.js';
import type { ResourceScope } from '../server-context.js';
import { decodeContinue } from './continue-token.js';

/** `meta/v1` ListOptions, checked. */
export interface ListRequest {
  select: SelectFunction | undefined;
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
  const limit = parseInteger(limitText, 'limit');
  const timeoutSeconds = parseInteger(query.get('timeoutSeconds'), 'timeoutSeconds');
  const initial = query.get('sendInitialEvents');
  const sendInitialEvents = initial === null || initial === '' ? undefined : isTrue(initial);
  checkVersionOptions({ resourceVersion, match, continueToken, sendInitialEvents, watch });
  const label = parseLabels(query.get('labelSelector'));
  const { selector: fields, nameSelected } = parseFields(query.get('fieldSelector'), scope);
  const request: ListRequest = {
    select: combine(label, fields),
    nameSelected,
    limit: limit !== undefined && limit > 0 ? limit : 0,
    resourceVersion,
    resourceVersionMatch: match as '' | 'NotOlderThan' | 'Exact',
    startAfter: undefined,
    freshness: { kind: 'latest' },
    continued: false,
    timeoutSeconds,
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks') ?? ''),
    sendInitialEvents,
  };
  if (!watch) applyFreshness(request, continueToken);
  return request;
}

const EVERYTHING: ListRequest = Object.freeze({
  select: undefined,
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

function isTrue(text: string): boolean {
  return text === '1' || text.toLowerCase() === 'true' || text === 't' || text === 'T';
}

function parseInteger(text: string | null, name: string): number | undefined {
  if (text === null) return undefined;
  if (!/^[+-]?\d{1,19}$/.test(text)) {
    void name;
    throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
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
    if (sendInitialEvents === undefined && match !== '') {
      errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    } else if (sendInitialEvents !== undefined && match === '') {
      errors.push(forbidden('resourceVersionMatch', `sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`));
    } else if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
      errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
    }
    if (continueToken !== '') errors.push(forbidden('continue', 'continue is forbidden for watch'));
  } else {
    if (sendInitialEvents !== undefined) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
    if (match !== '') {
      if (resourceVersion === '') {
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
      }
      if (continueToken !== '') {
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
      }
      if (match !== 'NotOlderThan' && match !== 'Exact') {
        errors.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
      }
      if (match === 'Exact' && resourceVersion === '0') {
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
      }
    }
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

function combine(labels: LabelSelector | undefined, fields: FieldSelector | undefined): SelectFunction | undefined {
  if (labels && fields) return (object) => matchesLabels(labels, object.labels) && matchesFields(fields, object.fields);
  if (labels) return (object) => matchesLabels(labels, object.labels);
  if (fields) return (object) => matchesFields(fields, object.fields);
  return undefined;
}

function applyFreshness(request: ListRequest, continueToken: string): void {
  const { resourceVersion, resourceVersionMatch } = request;
  if (continueToken !== '') {
    if (resourceVersion !== '' && resourceVersion !== '0') {
      throw newBadRequest('specifying resource version is not allowed when using continue');
    }
    const token = decodeContinue(continueToken);
    request.startAfter = token.startAfter;
    request.freshness = token.revision > 0 ? { kind: 'exact', revision: token.revision } : { kind: 'latest' };
    request.continued = true;
    return;
  }
  request.freshness = freshnessOf(resourceVersion, resourceVersionMatch, request.limit > 0, 400);
}

/**
 * What a resourceVersion asks for.
 *
 * @param badCode - The status for a malformed version: 400 for lists; gets and watches answer a bare 500 upstream, 400 here.
 */
export function freshnessOf(resourceVersion: string, match: string, limited: boolean, badCode: number): Freshness {
  if (resourceVersion === '') return { kind: 'latest' };
  if (resourceVersion === '0') return { kind: 'any' };
  const revision = parseRevision(resourceVersion, badCode);
  if (match === 'Exact') return { kind: 'exact', revision };
  // A limit with a version but without a match is an exact read, for the sake of old clients.
  if (match === '' && limited) return { kind: 'exact', revision };
  return { kind: 'notOlderThan', revision };
}

/** A revision from a client. */
export function parseRevision(resourceVersion: string, badCode: number): number {
  if (!DIGITS.test(resourceVersion) || !Number.isSafeInteger(Number(resourceVersion))) {
    const text = `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`;
    const error = invalid('resourceVersion', resourceVersion, text);
    if (badCode === 400) throw newStatusError(400, 'BadRequest', `invalid resource version: ${error.detail}`);
    throw newInvalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [error]);
  }
  return Number(resourceVersion);
}
