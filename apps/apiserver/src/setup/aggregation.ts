/** Proxies in front and servers behind, as the flags say. */
import type { ServerOptions } from '@k/apiserver';
import { type Authenticator, createRequestHeaderAuthenticator, type RequestHeaderOptions } from '@k/auth';
import { REQUEST_HEADER_FLAGS } from '../flags/aggregation-flags.js';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';
import { followCertificate } from './followed-certificate.js';

type Aggregation = NonNullable<ServerOptions['aggregation']>;

/** Headers in which this server names users to servers behind it. */
const OWN_HEADERS = {
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

/** Proxies in front whose users are taken. */
export interface RequestHeaderSetup {
  options: RequestHeaderOptions;
  authenticator: Authenticator;
}

/**
 * Checks the flags of proxies in front.
 *
 * @returns Undefined when there are none.
 * @throws {@link FlagError}
 */
export function setUpRequestHeader(flags: Flags): RequestHeaderSetup | undefined {
  const list = (name: string): readonly string[] => {
    const items = flags.list(name);
    if (items.includes('')) throw new FlagError(`--${name}: must not hold an empty value`);
    return items;
  };
  const names = {
    allowedNames: list('requestheader-allowed-names'),
    usernameHeaders: list('requestheader-username-headers'),
    uidHeaders: list('requestheader-uid-headers'),
    groupHeaders: list('requestheader-group-headers'),
    extraHeaderPrefixes: list('requestheader-extra-headers-prefix'),
  };
  const clientCa = readFlagFile(flags, 'requestheader-client-ca-file');
  if (clientCa === undefined) return undefined;
  const options = { clientCa, ...names };
  return { options, authenticator: forFlag('requestheader-client-ca-file', () => createRequestHeaderAuthenticator(options)) };
}

/**
 * Checks the flags of servers behind.
 *
 * @param certDir - Where the certificate lies that the server makes for itself, after the start, when flags say nothing else.
 * @throws {@link FlagError}
 */
export function setUpAggregation(flags: Flags, certDir: string): Aggregation {
  const routing = flags.on('enable-aggregator-routing') ? 'endpoints' : 'clusterIP';
  const reach = { routing, rejectRedirects: flags.on('aggregator-reject-forwarding-redirect') } as const;
  const given = followCertificate(flags, { cert: 'proxy-client-cert-file', key: 'proxy-client-key-file' });
  if (given !== undefined) return { ...reach, proxyClient: given };
  if (REQUEST_HEADER_FLAGS.some(({ name }) => flags.isGiven(name))) return reach;
  let made: Promise<import('../front-proxy.js').FrontProxy> | undefined;
  const own = (): NonNullable<typeof made> => {
    made ??= import('../front-proxy.js').then(({ ensureFrontProxy }) => ensureFrontProxy(certDir));
    return made;
  };
  return {
    ...reach,
    proxyClient: async () => (await own()).client,
    publish: async () => ({ ...OWN_HEADERS, clientCa: (await own()).ca, allowedNames: ['front-proxy-client'] }),
  };
}
