/** One member of the cluster: a lean channel for single calls, the gRPC library's for watch streams. */
import { Client, type ClientDuplexStream, credentials, status as grpcStatus, Metadata } from '@grpc/grpc-js';
import type { WatchResponse } from './gen/etcd_pb.js';
import { type EtcdMethod, etcdMethods } from './methods.js';
import { type EtcdEndpoint, type ResolvedEtcdOptions, readTlsFiles } from './options.js';
import { GrpcFault, UnaryChannel } from './unary-channel.js';

/** A watch stream of etcd, requests encoded. */
export type WatchStream = ClientDuplexStream<Buffer, WatchResponse>;

const NO_FILES = { ca: null, cert: null, key: null };
const WINDOW_BYTES = 4 * 2 ** 20;
const identity = (bytes: Buffer): Buffer => bytes;

/** A member; connects on first use. */
export class EtcdMember {
  readonly #endpoint: EtcdEndpoint;
  readonly #options: ResolvedEtcdOptions;
  readonly #streams = new Set<WatchStream>();
  #unary: UnaryChannel;
  #client: Client | null = null;

  constructor(endpoint: EtcdEndpoint, options: ResolvedEtcdOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#unary = this.#openUnary();
  }

  /** As configured, for messages. */
  get url(): string {
    return this.#endpoint.url;
  }

  get isSecure(): boolean {
    return this.#endpoint.secure;
  }

  /** A connection for single calls stands. */
  get isReady(): boolean {
    return this.#unary.isReady;
  }

  /** Calls a method once and tells `done` how it ended; never throws. */
  send<Response>(
    method: EtcdMethod<Response>,
    request: Buffer,
    token: string,
    deadlineMs: number,
    done: (error: Error | null, response?: Response) => void,
  ): void {
    this.#unary.call(method.path, request, token, deadlineMs, (error, message) => {
      if (error !== null) {
        done(error);
        return;
      }
      let response: Response;
      try {
        response = method.decode(message as Buffer);
      } catch (cause) {
        done(new GrpcFault(grpcStatus.INTERNAL, `the answer to ${method.name} cannot be read`, { cause }));
        return;
      }
      done(null, response);
    });
  }

  openWatchStream(token: string): WatchStream {
    const metadata = new Metadata();
    if (token !== '') metadata.set('token', token);
    // A member that is cut off from its leader ends the stream instead of falling silent.
    metadata.set('hasleader', 'true');
    this.#client ??= this.#openClient();
    const stream = this.#client.makeBidiStreamRequest(etcdMethods.watch.path, identity, etcdMethods.watch.decode, metadata, {});
    this.#streams.add(stream);
    stream.on('status', () => this.#streams.delete(stream));
    return stream;
  }

  /**
   * Connects anew: the old connection may be dead without knowing it, and certificates may have been renewed on disk.
   * Watch streams of the old one are ended, so that they go on elsewhere, and calls under way fail.
   *
   * @throws TypeError when a certificate file cannot be read any more; the old connection then stays.
   */
  renew(): void {
    const unary = this.#openUnary();
    this.close();
    this.#unary = unary;
    for (const stream of this.#streams) stream.cancel();
  }

  close(): void {
    this.#unary.reset();
    this.#client?.close();
    this.#client = null;
  }

  #openUnary(): UnaryChannel {
    const { url, secure } = this.#endpoint;
    const { keepaliveTimeMs, keepaliveTimeoutMs, sendBytesMax, receiveBytesMax, tls } = this.#options;
    const { ca, cert, key } = secure ? readTlsFiles(tls) : NO_FILES;
    return new UnaryChannel({
      url: url.includes('://') || url.startsWith('unix:') ? url : `${secure ? 'https' : 'http'}://${url}`,
      tls: { ...(ca === null ? {} : { ca }), ...(cert === null || key === null ? {} : { cert, key }) },
      keepaliveTimeMs,
      keepaliveTimeoutMs,
      sendBytesMax,
      receiveBytesMax,
    });
  }

  #openClient(): Client {
    const { target, secure } = this.#endpoint;
    const options = this.#options;
    const files = secure ? readTlsFiles(options.tls) : NO_FILES;
    return new Client(target, secure ? credentials.createSsl(files.ca, files.key, files.cert) : credentials.createInsecure(), {
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.keepalive_time_ms': options.keepaliveTimeMs,
      'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs,
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.max_send_message_length': options.sendBytesMax,
      'grpc.max_receive_message_length': options.receiveBytesMax,
      'grpc-node.flow_control_window': WINDOW_BYTES,
    });
  }
}
