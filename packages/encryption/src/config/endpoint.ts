/**
 * Why the endpoint of a KMS provider cannot be used; `null` when it can. Go's URL parser judges: what it refuses gets
 * its words.
 */
export function endpointFault(endpoint: string): string | null {
  if (endpoint === '') return 'endpoint is a mandatory field for a kms';
  const fault = urlFault(endpoint);
  if (fault !== null) return `invalid endpoint for kms provider, error: parse ${JSON.stringify(endpoint)}: ${fault}`;
  const scheme = schemeOf(endpoint);
  return scheme === 'unix' ? null : `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`;
}

/** Lower case, as URL parsers answer it; '' when there is none. */
function schemeOf(endpoint: string): string {
  return /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? '';
}

function urlFault(endpoint: string): string | null {
  for (const char of endpoint) {
    const code = char.charCodeAt(0);
    if (code < 0x20 || code === 0x7f) return 'net/url: invalid control character in URL';
  }
  if (endpoint.startsWith(':')) return 'missing protocol scheme';
  const scheme = schemeOf(endpoint);
  const rest = (scheme === '' ? endpoint : endpoint.slice(scheme.length + 1)).replace(/#.*$/s, '').replace(/\?.*$/s, '');
  if (scheme === '' && !rest.startsWith('/') && (rest.split('/', 1)[0] as string).includes(':')) {
    return 'first path segment in URL cannot contain colon';
  }
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(rest)?.[0];
  return broken === undefined ? null : `invalid URL escape ${JSON.stringify(broken)}`;
}
