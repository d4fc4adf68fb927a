import { newStatusError, type StatusError } from '@k/apimachinery';

/** The form in which an answer is written. */
export interface MediaType {
  format: 'json' | 'yaml' | 'protobuf';
  /** Objects are transformed into this kind. */
  as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList' | 'APIGroupDiscoveryList';
  /** The version of the transformed kind. */
  version: string;
  pretty: boolean;
  /** The Content-Type of the answer. */
  contentType: string;
  /** The memo key of serialised forms: equal keys mean equal bytes. */
  key: string;
}

/** One media type of an Accept header. */
export interface AcceptClause {
  type: string;
  params: Record<string, string>;
  q: number;
}

/** Splits an Accept header into clauses, best first. A quality of 0, or none that is a number, is the last choice and no refusal. */
export function parseAccept(header: string): AcceptClause[] {
  const clauses: AcceptClause[] = [];
  for (const part of header.split(',')) {
    const [type = '', ...rest] = part.split(';').map((piece) => piece.trim());
    if (type === '') continue;
    const params: Record<string, string> = {};
    let q = 1;
    for (const piece of rest) {
      const equals = piece.indexOf('=');
      if (equals < 0) continue;
      const key = piece.slice(0, equals).trim();
      const value = piece.slice(equals + 1).trim();
      if (key === 'q') q = Number(value) || 0;
      else params[key] = value;
    }
    clauses.push({ type, params, q });
  }
  return clauses.sort((a, b) => b.q - a.q);
}

const JSON_MEDIA: MediaType = { format: 'json', as: 'object', version: '', pretty: false, contentType: 'application/json', key: 'json' };
const cache = new Map<string, MediaType>();

/** What may be asked for at an endpoint. */
export interface NegotiationScope {
  /** `Table` and the metadata kinds are available (reads of objects); `metadata` = those alone (reviews). */
  transforms: boolean | 'metadata';
  /** The answer is a watch. */
  watch?: boolean;
  /** Discovery's aggregated form is available. */
  aggregatedDiscovery?: boolean;
}

/**
 * Chooses the answer's form.
 *
 * @param accept - The Accept header; absent or `*&#47;*` = JSON.
 * @throws 406 when nothing that is asked for can be written.
 */
export function negotiate(accept: string | undefined, scope: NegotiationScope, pretty: boolean): MediaType {
  if (!pretty && (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*')) return JSON_MEDIA;
  const cacheKey = `${accept ?? ''}|${scope.transforms}|${scope.aggregatedDiscovery ?? false}|${scope.watch ?? false}|${pretty}`;
  const known = cache.get(cacheKey);
  if (known) return known;
  const media = choose(accept ?? '*/*', scope, pretty);
  if (cache.size < 200) cache.set(cacheKey, media);
  return media;
}

function choose(accept: string, scope: NegotiationScope, pretty: boolean): MediaType {
  const clauses = parseAccept(accept === '' ? '*/*' : accept);
  if (!clauses.some(({ type }) => type === '*/*' || PRODUCED.includes(type))) throw noRepresentation(scope.watch === true);
  for (const clause of clauses) {
    const yaml = clause.type === 'application/yaml';
    if (!yaml && clause.type !== 'application/json' && clause.type !== '*/*') continue;
    const as = clause.params['as'];
    const isPretty = clause.params['pretty'] === undefined ? pretty : clause.params['pretty'] === '1';
    const key = (suffix: string): string => `${yaml ? 'yaml' : 'json'}${suffix}${isPretty ? '+pretty' : ''}`;
    const format = yaml ? 'yaml' : 'json';
    const base = `application/${format}`;
    if (as === undefined) return { format, as: 'object', version: '', pretty: isPretty, contentType: base, key: key('') };
    const version = clause.params['v'] ?? '';
    const group = clause.params['g'] ?? '';
    if (scope.aggregatedDiscovery && as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io' && version === 'v2') {
      return { format, as, version, pretty: isPretty, contentType: `${base};g=${group};v=${version};as=${as}`, key: key(as) };
    }
    if (
      scope.transforms &&
      group === 'meta.k8s.io' &&
      (version === 'v1' || version === 'v1beta1') &&
      ((as === 'Table' && scope.transforms !== 'metadata') || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')
    ) {
      return { format, as, version, pretty: isPretty, contentType: base, key: key(`${as}${version}`) };
    }
  }
  // JSON is what objects are stored as: who takes either gets it.
  if (clauses.some(({ type, params }) => type === PROTOBUF && params['as'] === undefined)) {
    const contentType = scope.watch === true ? `${PROTOBUF};stream=watch` : PROTOBUF;
    return { format: 'protobuf', as: 'object', version: '', pretty: false, contentType, key: 'protobuf' };
  }
  throw notAcceptable();
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
/** Types that an answer may be asked for in. */
const PRODUCED = ['application/json', 'application/yaml', PROTOBUF];

/** 406 for a type or a transformation that the server knows of but does not write. */
export function notAcceptable(produced: readonly string[] = PRODUCED): StatusError {
  return newStatusError(406, 'NotAcceptable', `only the following media types are accepted: ${produced.join(', ')}`);
}

/** Refuses a request for protobuf alone at resources that have no such form. */
export function refuseProtobuf(accept: string | undefined): void {
  if (accept === undefined || !accept.includes(PROTOBUF)) return;
  const { format } = negotiate(accept, { transforms: true }, false);
  if (format === 'protobuf') throw notAcceptable(PRODUCED.filter((type) => type !== PROTOBUF));
}

/** 406 when no type that is asked for is known at all. */
function noRepresentation(watch: boolean): StatusError {
  const types = watch ? [...PRODUCED, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'] : PRODUCED;
  return newStatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`, {});
}
