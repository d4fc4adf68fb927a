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
  /** Objects themselves have no protobuf form (custom resources); their metadata has. */
  noProtobufObjects?: boolean;
}

/**
 * Chooses the answer's form.
 *
 * @param accept - The Accept header; absent or `*&#47;*` = JSON.
 * @throws 406 when nothing that is asked for can be written.
 */
export function negotiate(accept: string | undefined, scope: NegotiationScope, pretty: boolean): MediaType {
  if (!pretty && (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*')) return JSON_MEDIA;
  const cacheKey = `${accept ?? ''}|${scope.transforms}|${scope.aggregatedDiscovery ?? false}|${scope.watch ?? false}|${scope.noProtobufObjects ?? false}|${pretty}`;
  const known = cache.get(cacheKey);
  if (known) return known;
  const media = choose(accept ?? '*/*', scope, pretty);
  if (cache.size < 200) cache.set(cacheKey, media);
  return media;
}

/** The first clause that can be written decides: by quality, then by order. */
function choose(accept: string, scope: NegotiationScope, pretty: boolean): MediaType {
  const clauses = parseAccept(accept === '' ? '*/*' : accept);
  if (!clauses.some(({ type }) => type === '*/*' || PRODUCED.includes(type))) throw noRepresentation(scope.watch === true);
  for (const clause of clauses) {
    const format = FORMATS[clause.type];
    const media = format === undefined ? null : inFormat(format, clause.params, scope, pretty);
    if (media !== null) return media;
  }
  const hasForm = scope.noProtobufObjects !== true || !clauses.some(({ type }) => type === PROTOBUF);
  throw notAcceptable(hasForm ? PRODUCED : PRODUCED.filter((type) => type !== PROTOBUF));
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const FORMATS: Readonly<Record<string, MediaType['format']>> = {
  '*/*': 'json',
  'application/json': 'json',
  'application/yaml': 'yaml',
  [PROTOBUF]: 'protobuf',
};
/** Types that an answer may be asked for in. */
const PRODUCED = ['application/json', 'application/yaml', PROTOBUF];

/** The form that a clause asks for; `null` when the endpoint does not have it. */
function inFormat(format: MediaType['format'], params: AcceptClause['params'], scope: NegotiationScope, pretty: boolean): MediaType | null {
  const isProtobuf = format === 'protobuf';
  const { as, g: group = '', v: version = '' } = params;
  const isPretty = !isProtobuf && (params['pretty'] === undefined ? pretty : params['pretty'] === '1');
  const key = (suffix: string): string => `${format}${suffix}${isPretty ? '+pretty' : ''}`;
  const base = isProtobuf ? PROTOBUF : `application/${format}`;
  const contentType = isProtobuf && scope.watch === true ? `${base};stream=watch` : base;
  if (as === undefined) {
    if (isProtobuf && scope.noProtobufObjects === true) return null;
    return { format, as: 'object', version: '', pretty: isPretty, contentType, key: key('') };
  }
  if (scope.aggregatedDiscovery && as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io' && version === 'v2') {
    return { format, as, version, pretty: isPretty, contentType: `${base};g=${group};v=${version};as=${as}`, key: key(as) };
  }
  if (!scope.transforms || group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return null;
  const isTable = as === 'Table' && scope.transforms !== 'metadata' && !isProtobuf;
  if (!isTable && as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList') return null;
  return { format, as: as as MediaType['as'], version, pretty: isPretty, contentType, key: key(`${as}${version}`) };
}

/** 406 for a type or a transformation that the server knows of but does not write. */
export function notAcceptable(produced: readonly string[] = PRODUCED): StatusError {
  return newStatusError(406, 'NotAcceptable', `only the following media types are accepted: ${produced.join(', ')}`);
}

/** 406 when no type that is asked for is known at all. */
function noRepresentation(watch: boolean): StatusError {
  const types = watch ? [...PRODUCED, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'] : PRODUCED;
  return newStatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`, {});
}
