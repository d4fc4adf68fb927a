/**
 * The way to etcd: the members of the cluster, one of which is in use.
 *
 * Single calls go over a lean channel of our own, watch streams over the gRPC library's. A call goes to the member in use. When that fails, all members are asked for their status at once and the first that
 * answers is used from then on. What has surely not been done is tried again until the request's time is over: reads
 * always, writes only when they never left this process (a write whose answer was lost may have happened).
 */
import { create } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, status as grpcStatus, Metadata } from '@grpc/grpc-js';
import { StorageError } from '../errors.js';
import { isFromEtcd, isServiceError, isTokenFault, isUnavailable, toStorageError } from './faults.js';
import { AuthenticateRequestSchema, type WatchResponse } from './gen/etcd_pb.js';
import { type EtcdMethod, encodeMessage, etcdMethods } from './methods.js';
import { type EtcdEndpoint, type ResolvedEtcdOptions, readTlsFiles } from './options.js';
import { GrpcFault, UnaryChannel } from './unary-channel.js';

/** How a call may be repeated. */
export interface CallOptions {
  /** The call changes nothing, so that it may be sent twice. Default false. */
  isRead?: boolean;
  /** Milliseconds; default {@link ResolvedEtcdOptions.requestTimeoutMs}. */
  timeoutMs?: number;
}

/** A watch stream of etcd, requests encoded. */
export type WatchStream = ClientDuplexStream<Buffer, WatchResponse>;

interface Member {
  endpoint: EtcdEndpoint;
  unary: UnaryChannel;
  /** For streams; opened with the first one. */
  client: Client | null;
  streams: Set<WatchStream>;
}

/** Pause before asking the members again after all of them have failed. */
const RECOVERY_PAUSE_MS = { first: 20, max: 500 };
/** Pause before a read is sent again to a member that is alive but cannot serve it (no leader, an election). */
const RETRY_PAUSE_MS = 50;
const NOTHING = Buffer.alloc(0);
const NO_FILES = { ca: null, cert: null, key: null };
const identity = (bytes: Buffer): Buffer => bytes;

/** A connection to an etcd cluster; connects on first use. */
export class EtcdConnection {
  readonly #options: ResolvedEtcdOptions;
  readonly #members: Member[];
  #current: Member | null = null;
  #recovering: Promise<void> | null = null;
  #lastFault: string = 'not connected yet';
  #token = '';
  /** The token is missing or refused. */
  #tokenPending = false;
  #inFlight = 0;
  #onIdle: (() => void) | null = null;
  /** Settles when the connection is being closed, so that nobody waits for a member any longer. */
  readonly #whenClosing: Promise<void>;
  #wakeWaiting: () => void = () => {};
  /** No new calls. */
  #closing = false;
  /** Disconnected. */
  #closed = false;

  constructor(options: ResolvedEtcdOptions) {
    this.#options = options;
    this.#whenClosing = new Promise((resolve) => {
      this.#wakeWaiting = resolve;
    });
    this.#members = options.endpoints.map((endpoint) => ({ endpoint, unary: this.#openUnary(endpoint), client: null, streams: new Set() }));
  }

  /**
   * Calls a method.
   *
   * @param request - Encoded message; not kept.
   * @throws The gRPC error for what etcd refused, {@link StorageError} `STORAGE_UNAVAILABLE` when no member answered in time.
   */
  call<Response>(method: EtcdMethod<Response>, request: Buffer, options: CallOptions = {}): Promise<Response> {
    const isRead = options.isRead ?? false;
    const deadlineMs = Date.now() + (options.timeoutMs ?? this.#options.requestTimeoutMs);
    if (this.#closing) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#inFlight++;
      const done = (response: Response): void => {
        this.#settled();
        resolve(response);
      };
      const fail = (error: unknown): void => {
        this.#settled();
        reject(error);
      };
      const member = this.#usable();
      if (member === null || this.#tokenPending) {
        this.#callSlowly(method, request, isRead, deadlineMs, null).then(done, fail);
        return;
      }
      this.#send(member, method, request, this.#attemptDeadline(isRead, deadlineMs), (error, response) => {
        if (error === null) done(response as Response);
        else this.#callSlowly(method, request, isRead, deadlineMs, { member, error }).then(done, fail);
      });
    });
  }

  /** Opens a watch stream on the member in use, once there is one. */
  async openWatchStream(): Promise<WatchStream> {
    const member = await this.#acquire(Date.now() + this.#options.requestTimeoutMs, 'Watch');
    const metadata = new Metadata();
    if (this.#token !== '') metadata.set('token', this.#token);
    // A member that is cut off from its leader ends the stream instead of falling silent.
    metadata.set('hasleader', 'true');
    member.client ??= this.#openClient(member.endpoint);
    const stream = member.client.makeBidiStreamRequest(etcdMethods.watch.path, identity, etcdMethods.watch.decode, metadata, {});
    member.streams.add(stream);
    stream.on('status', () => member.streams.delete(stream));
    return stream;
  }

  /** The stream of that member broke: the next use looks for one that answers. */
  suspectCurrent(error: unknown): void {
    this.#noteFault(this.#current, error);
    if (isTokenFault(error)) this.#tokenPending = this.#options.auth !== null;
    this.#current = null;
  }

  /** Takes no more calls, waits for those that are on their way to a member, and disconnects. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#wakeWaiting();
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#closed = true;
    this.#current = null;
    for (const member of this.#members) {
      member.unary.reset();
      member.client?.close();
    }
  }

  #settled(): void {
    if (--this.#inFlight === 0) this.#onIdle?.();
  }

  /** The member in use, if its connection stands. */
  #usable(): Member | null {
    const member = this.#current;
    if (member === null) return null;
    if (member.unary.isReady) return member;
    this.#current = null;
    return null;
  }

  #send<Response>(
    member: Member,
    method: EtcdMethod<Response>,
    request: Buffer,
    deadlineMs: number,
    done: (error: Error | null, response?: Response) => void,
  ): void {
    member.unary.call(method.path, request, this.#token, deadlineMs, (error, message) => {
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

  #sendOnce<Response>(member: Member, method: EtcdMethod<Response>, request: Buffer, deadlineMs: number): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#send(member, method, request, deadlineMs, (error, response) =>
        error === null ? resolve(response as Response) : reject(error),
      );
    });
  }

  /**
   * When an attempt is given up. A read does not spend all its time on one connection that may be dead; later attempts
   * get twice as long each, so that a read which is merely slow is not cut off for ever.
   */
  #attemptDeadline(isRead: boolean, deadlineMs: number, attempt: number = 0): number {
    return isRead ? Math.min(deadlineMs, Date.now() + this.#options.attemptTimeoutMs * 2 ** attempt) : deadlineMs;
  }

  async #callSlowly<Response>(
    method: EtcdMethod<Response>,
    request: Buffer,
    isRead: boolean,
    deadlineMs: number,
    failed: { member: Member; error: unknown } | null,
  ): Promise<Response> {
    let fault = failed;
    for (let attempt = failed === null ? 0 : 1; ; attempt++) {
      if (fault !== null) await this.#judge(fault.member, fault.error, isRead, deadlineMs, method.name);
      const member = await this.#acquire(deadlineMs, method.name);
      try {
        return await this.#sendOnce(member, method, request, this.#attemptDeadline(isRead, deadlineMs, attempt));
      } catch (error) {
        fault = { member, error };
      }
    }
  }

  /** Decides after a failed attempt: returns to have it tried again, throws to give up. */
  async #judge(member: Member, error: unknown, isRead: boolean, deadlineMs: number, operation: string): Promise<void> {
    if (isTokenFault(error) && this.#options.auth !== null) {
      this.#tokenPending = true;
      return;
    }
    if (!isUnavailable(error)) throw error;
    if (this.#closing) throw this.#closed ? closedError() : toStorageError(error, operation, 0);
    this.#noteFault(member, error);
    if (isFromEtcd(error)) {
      if (isRead && Date.now() + RETRY_PAUSE_MS < deadlineMs) {
        // Alive but without a leader for now; another member may have one.
        if (this.#members.length > 1 && this.#current === member) this.#current = null;
        await pause(RETRY_PAUSE_MS);
        return;
      }
    } else {
      if (this.#current === member) this.#current = null;
      const isUnprocessed = error instanceof GrpcFault && error.isUnprocessed;
      if ((isRead || isUnprocessed) && Date.now() < deadlineMs) return;
    }
    throw toStorageError(error, operation, 0);
  }

  /** A member that answers, waiting for one until the deadline. */
  async #acquire(deadlineMs: number, operation: string): Promise<Member> {
    for (;;) {
      if (this.#closing) throw closedError();
      const member = this.#usable();
      if (member !== null && !this.#tokenPending) return member;
      this.#recovering ??= this.#recover().finally(() => {
        this.#recovering = null;
      });
      const leftMs = deadlineMs - Date.now();
      if (leftMs <= 0 || !(await settlesWithin(Promise.race([this.#recovering, this.#whenClosing]), leftMs))) {
        throw new StorageError('STORAGE_UNAVAILABLE', `etcd does not answer: ${this.#lastFault}`, { operation, timedOut: true });
      }
    }
  }

  /** Asks all members for their status until one answers and the user is known to it. */
  async #recover(): Promise<void> {
    let pauseMs = RECOVERY_PAUSE_MS.first;
    // Ends with nobody waiting as well: a later call starts it anew.
    const endMs = Date.now() + this.#options.requestTimeoutMs;
    while (!this.#closing && Date.now() < endMs) {
      const member = this.#usable() ?? (await this.#firstAlive());
      if (member !== null && (await this.#authenticate(member))) {
        this.#current = member;
        return;
      }
      await pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, RECOVERY_PAUSE_MS.max);
    }
  }

  async #firstAlive(): Promise<Member | null> {
    const attempts = this.#members.map(async (member) => {
      try {
        const status = await this.#sendOnce(member, etcdMethods.status, NOTHING, Date.now() + this.#options.attemptTimeoutMs);
        if (status.leader === 0n) throw new Error('the member has no leader');
        return member;
      } catch (error) {
        // Refused for want of rights: alive nevertheless.
        if (isServiceError(error) && !isUnavailable(error) && isFromEtcd(error)) return member;
        this.#noteFault(member, error);
        if (member.endpoint.secure || (isServiceError(error) && error.code === grpcStatus.DEADLINE_EXCEEDED)) this.#renew(member);
        throw error;
      }
    });
    return Promise.any(attempts).catch(() => null);
  }

  /** Gets a token when a user is configured and there is none. */
  async #authenticate(member: Member): Promise<boolean> {
    const { auth } = this.#options;
    if (auth === null || (!this.#tokenPending && this.#token !== '')) return true;
    // etcd checks a token wherever it sees one, and refuses to give a new one for an old one.
    this.#token = '';
    try {
      const request = encodeMessage(
        AuthenticateRequestSchema,
        create(AuthenticateRequestSchema, { name: auth.username, password: auth.password }),
      );
      const { token } = await this.#sendOnce(member, etcdMethods.authenticate, request, Date.now() + this.#options.attemptTimeoutMs);
      this.#token = token;
      this.#tokenPending = false;
      return true;
    } catch (error) {
      // Without authentication switched on in etcd there is nothing to prove.
      if (isServiceError(error) && error.details.includes('authentication is not enabled')) {
        this.#tokenPending = false;
        return true;
      }
      this.#noteFault(member, error);
      return false;
    }
  }

  #noteFault(member: Member | null, error: unknown): void {
    const text = isServiceError(error) ? error.details : error instanceof Error ? error.message : String(error);
    // The user's own words are part of the last fault only as a message of etcd, never the password.
    this.#lastFault = member === null ? text : `${member.endpoint.url}: ${text}`;
  }

  /**
   * Connects anew: the old connection may be dead without knowing it, and certificates may have been renewed on disk.
   * Watch streams of the old one are ended, so that they go on elsewhere.
   */
  #renew(member: Member): void {
    if (this.#closed) return;
    try {
      const unary = this.#openUnary(member.endpoint);
      member.unary.reset();
      member.unary = unary;
      member.client?.close();
      member.client = null;
      for (const stream of member.streams) stream.cancel();
    } catch (error) {
      this.#noteFault(member, error);
    }
  }

  #openUnary({ url, secure }: EtcdEndpoint): UnaryChannel {
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

  #openClient({ target, secure }: EtcdEndpoint): Client {
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
      'grpc-node.flow_control_window': 4 * 2 ** 20,
    });
  }
}

function closedError(): StorageError {
  return new StorageError('STORAGE_CLOSED', 'the store is closed', {});
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** @returns false when the promise is not settled in time. */
async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return settled;
}
