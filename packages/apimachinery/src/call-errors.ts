/** What went wrong with a call, in the words of Go's HTTP client. */
import { goQuote } from './go-quote.js';
import { parseJson } from './strict-json.js';

/** Texts by the code of Node's errors. */
const TLS_TEXTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'x509: certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'x509: certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'x509: certificate signed by unknown authority',
  CERT_SIGNATURE_FAILURE: 'x509: certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
  INVALID_PURPOSE: 'x509: certificate specifies an incompatible key usage',
};

interface NodeFault extends Error {
  code?: string;
  address?: string;
  port?: number;
  hostname?: string;
  host?: string;
  cert?: { subjectaltname?: string };
}

/** The reason of a connection that failed, without the URL before it. */
export function describeFault(error: unknown): string {
  const fault = rootOf(error);
  const { code = '' } = fault;
  const at = fault.address === undefined ? '' : ` ${fault.address.includes(':') ? `[${fault.address}]` : fault.address}:${fault.port}`;
  const tls = TLS_TEXTS[code];
  if (tls !== undefined) return `tls: failed to verify certificate: ${tls}`;
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp${at}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp${at}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp${at}: connect: network is unreachable`;
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `dial tcp${at}: i/o timeout`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${fault.hostname ?? ''}: no such host`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'EOF';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: ${describeNames(fault)}`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'http: server gave HTTP response to HTTPS client';
  }
  return code.startsWith('HPE_') ? `net/http: HTTP/1.x transport connection broken: malformed HTTP response` : fault.message;
}

function rootOf(error: unknown): NodeFault {
  let fault = (error instanceof Error ? error : new Error(String(error))) as NodeFault;
  for (;;) {
    const inner = fault instanceof AggregateError ? (fault.errors[0] as unknown) : fault.cause;
    if (!(inner instanceof Error)) return fault;
    fault = inner as NodeFault;
  }
}

/** Which names a certificate has, and which one was wanted. */
function describeNames({ cert, host = '' }: NodeFault): string {
  const names = (cert?.subjectaltname ?? '').split(', ').filter((name) => name !== '');
  const ofKind = (prefix: string): string[] => names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const isAddress = /^[\d.]+$|:/.test(host);
  const valid = ofKind(isAddress ? 'IP Address:' : 'DNS:');
  if (isAddress && valid.length === 0) return `cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
  if (valid.length === 0) return `certificate is not valid for any names, but wanted to match ${host}`;
  return `certificate is valid for ${valid.join(', ')}, not ${host}`;
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  406: 'the server was unable to respond with a content type that the client supports',
  409: 'the server reported a conflict',
  415: 'the server was unable to respond with a content type that the client supports',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** Code and text of an answer other than success; a Status in the body speaks for itself. */
export function describeAnswer(answer: { code: number; contentType: string; body: Uint8Array }): string {
  const { code, contentType, body } = answer;
  const status = statusIn(body);
  if (status !== null) return status;
  const isText = contentType === '' ? false : contentType.startsWith('text/');
  const said = isText ? Buffer.from(body).toString('utf8').trim() : 'unknown';
  const known = STATUS_TEXTS[code];
  if (known !== undefined) return known;
  if (code === 403) return said;
  if (code >= 500) return `an error on the server (${goQuote(said)}) has prevented the request from succeeding`;
  return `the server responded with the status code ${code} but did not return more information`;
}

function statusIn(body: Uint8Array): string | null {
  if (body[0] !== 0x7b) return null;
  try {
    const value = parseJson(body, { strict: false }).value as { kind?: unknown; status?: unknown; message?: unknown };
    const isStatus = (value.kind ?? 'Status') === 'Status' && value.status === 'Failure' && typeof value.message === 'string';
    return isStatus ? (value.message as string) : null;
  } catch {
    return null;
  }
}
