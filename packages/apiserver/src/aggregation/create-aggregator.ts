import type { RequestHeaderOptions } from '@k/auth';
import type { Logger } from 'pino';
import { publishRequestHeader } from '../bootstrap/authentication-information.js';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import type { ServerMetrics } from '../metrics.js';
import { Aggregator } from './aggregator.js';
import { API_REGISTRATION, API_SERVICES } from './api-service.js';
import { AvailabilityMetrics } from './availability-metrics.js';
import type { RemoteServers, RoutingOptions } from './remote-servers.js';

/** How other servers are reached, and how they know this one. */
export interface AggregationOptions extends RoutingOptions {
  /**
   * What servers behind this one are told of it where no proxies in front are named: asked after the start, as it may take
   * a while to make.
   */
  publish?: () => Promise<RequestHeaderOptions>;
}

/** What the aggregation layer takes from the server that it stands in. */
export interface AggregatorParts {
  informers: InformerSet;
  client: LocalClient;
  metrics: ServerMetrics;
  log: Logger;
  /** Ends watches and switched connections. */
  shutdown: AbortSignal;
  /** What this server itself takes users from; such headers are not passed on. */
  requestHeader: RequestHeaderOptions | undefined;
}

/** Makes the aggregation layer. What speaks to other servers is loaded when there is one. */
export function createAggregator(options: AggregationOptions, parts: AggregatorParts): Aggregator {
  const { informers, metrics, requestHeader } = parts;
  const availability = new AvailabilityMetrics(metrics.registry, () => aggregator.names());
  const load = async (): Promise<RemoteServers> => {
    const { RemoteServers } = await import('./remote-servers.js');
    return new RemoteServers({ ...options, ...parts, aggregator, metrics: availability, isIdentityHeader: identityHeaders(requestHeader) });
  };
  const onFault = (error: unknown): void => parts.log.error({ err: error }, 'other servers cannot be reached');
  const aggregator: Aggregator = new Aggregator(informers.informer(API_REGISTRATION, API_SERVICES) as Informer, load, onFault);
  return aggregator;
}

/** Tells servers behind this one of it once a start is done. */
export function publishLater(client: LocalClient, options: AggregationOptions | undefined, log: Logger): void {
  if (options?.publish === undefined) return;
  options
    .publish()
    .then((requestHeader) => publishRequestHeader(client, requestHeader, Date.now()))
    .catch((error: unknown) => log.error({ err: error }, 'extension-apiserver-authentication could not be written'));
}

/** Whether the server itself takes users from a header; the name in lower case. */
export function identityHeaders(options: RequestHeaderOptions | undefined): (name: string) => boolean {
  if (options === undefined) return () => false;
  const { usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes } = options;
  const names = new Set([...usernameHeaders, ...uidHeaders, ...groupHeaders].map((name) => name.toLowerCase()));
  const prefixes = extraHeaderPrefixes.map((prefix) => prefix.toLowerCase());
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
