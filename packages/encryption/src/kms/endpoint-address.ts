/**
 * The address that grpc-js wants for an endpoint of a configuration.
 *
 * `unix:///run/kms.sock` is a file; `unix:///@name` a socket of Linux' abstract namespace, which has no file and no
 * permissions. A host in the URL means nothing.
 */
export function endpointAddress(endpoint: string): string {
  const rest = endpoint.replace(/^unix:/i, '');
  const path = decodeURIComponent(rest.startsWith('//') ? rest.replace(/^\/\/[^/]*/, '') : rest);
  return path.startsWith('/@') ? `unix:\0${path.slice(2)}` : `unix:${path}`;
}
