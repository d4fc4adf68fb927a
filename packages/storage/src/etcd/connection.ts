/**
 * The way to etcd: the members of the cluster, one of which is in use.
 *
 * A call goes to the member in use. When that fails, all members are asked for their status at once and the first that
 * answers is used from then on. What has surely not been done is tried again until the request's time is over: reads
 * always, writes only when they never left this process (a write whose answer was lost may have happened).
 */
import { status as grpcStatus } from '@grpc/grpc-js';
import { StorageError } from '../errors.js';
import { CallsUnderWay } from './calls-under-way.js';
import { isFromEtcd, isServiceError, isTokenFault, isUnavailable, toStorageError } from './faults.js';
import { EtcdMember, type WatchStream } from './member.js';
import { type EtcdMethod, etcdMethods } from './methods.js';
import type { ResolvedEtcdOptions } from './options.js';
import { loginRequest } from './requests.js';
import { GrpcFault } from './unary-channel.js';
import { pause, settlesWithin } from './waiting.js';

/** How a call may be repeated. */
export interface CallOptions {
  /** The call changes nothing, so that it may be sent twice. Default false. */
  isRead?: boolean;
  /** Milliseconds; default {@link ResolvedEtcdOptions.requestTimeoutMs}. */
  timeoutMs?: number;
}

/** Pause before asking the members again after all of them have failed. */
const RECOVERY_PAUSE_MS = { first: 20, max: 500 };
/** Pause before a read is sent again to a member that is alive but cannot serve it (no leader, an election). */
const RETRY_PAUSE_MS = 50;
/** Head start of the other members when one has just failed. */
const SUSPECT_PAUSE_MS = 100;
const NOTHING = Buffer.alloc(0);

/** A connection to an etcd cluster; connects on first use. */
export class EtcdConnection {
  readonly #options: ResolvedEtcdOptions;
  readonly #members: EtcdMember[];
  #current: EtcdMember | null = null;
  #recovering: Promise<void> | null = null;
  #lastFault: string = 'not connected yet';
  #token = '';
  /** The token is missing or refused. */
  #tokenPending = false;
  readonly #calls: CallsUnderWay;
  /** The member that failed last. */
  #suspect: EtcdMember | null = null;
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
    this.#calls = new CallsUnderWay({
      silenceMs: options.attemptTimeoutMs,
      onSilence: () => {
        const member = this.#current;
        if (member !== null) this.#askStatus(member).catch(() => this.#leave(member));
      },
    });
    this.#members = options.endpoints.map((endpoint) => new EtcdMember(endpoint, options));
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
      this.#calls.begin();
      const done = (response: Response): void => {
        this.#calls.end(true);
        resolve(response);
      };
      const fail = (error: unknown): void => {
        this.#calls.end(false);
        reject(error);
      };
      const member = this.#usable();
      if (member === null || this.#tokenPending) {
        this.#callSlowly(method, request, isRead, deadlineMs, null).then(done, fail);
        return;
      }
      member.send(method, request, this.#token, this.#attemptDeadline(isRead, deadlineMs), (error, response) => {
        if (error === null) done(response as Response);
        else this.#callSlowly(method, request, isRead, deadlineMs, { member, error }).then(done, fail);
      });
    });
  }

  /** Opens a watch stream on the member in use, once there is one. */
  async openWatchStream(): Promise<WatchStream> {
    const member = await this.#acquire(Date.now() + this.#options.requestTimeoutMs, 'Watch');
    return member.openWatchStream(this.#token);
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
    await this.#calls.finish();
    this.#closed = true;
    this.#current = null;
    for (const member of this.#members) member.close();
  }

  /** The member in use, if its connection stands. */
  #usable(): EtcdMember | null {
    const member = this.#current;
    if (member === null) return null;
    if (member.isReady) return member;
    this.#current = null;
    return null;
  }

  #sendOnce<Response>(member: EtcdMember, method: EtcdMethod<Response>, request: Buffer, deadlineMs: number): Promise<Response> {
    return new Promise((resolve, reject) => {
      member.send(method, request, this.#token, deadlineMs, (error, response) =>
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
    failed: { member: EtcdMember; error: unknown } | null,
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
  async #judge(member: EtcdMember, error: unknown, isRead: boolean, deadlineMs: number, operation: string): Promise<void> {
    if (isTokenFault(error) && this.#options.auth !== null) {
      this.#tokenPending = true;
      return;
    }
    if (!isUnavailable(error)) throw error;
    if (this.#closing) throw this.#closed ? closedError() : toStorageError(error, operation, 0);
    this.#noteFault(member, error);
    if (isFromEtcd(error)) {
      // Alive but without a leader for now; another member may have one.
      if (this.#members.length > 1) this.#leave(member);
      if (isRead && Date.now() + RETRY_PAUSE_MS < deadlineMs) {
        await pause(RETRY_PAUSE_MS);
        return;
      }
    } else {
      this.#leave(member);
      const isUnprocessed = error instanceof GrpcFault && error.isUnprocessed;
      if ((isRead || isUnprocessed) && Date.now() < deadlineMs) return;
    }
    throw toStorageError(error, operation, 0);
  }

  #leave(member: EtcdMember): void {
    if (this.#current === member) this.#current = null;
    this.#suspect = member;
  }

  /** A member that answers, waiting for one until the deadline. */
  async #acquire(deadlineMs: number, operation: string): Promise<EtcdMember> {
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

  async #firstAlive(): Promise<EtcdMember | null> {
    const suspect = this.#suspect;
    this.#suspect = null;
    const attempts = this.#members.map(async (member) => {
      // The one that has just failed may still say that all is well: the others go first.
      if (member === suspect && this.#members.length > 1) await pause(SUSPECT_PAUSE_MS);
      await this.#askStatus(member);
      return member;
    });
    return Promise.any(attempts).catch(() => null);
  }

  /** Resolves when the member answers and knows a leader; a connection on which it does not answer is made anew. */
  async #askStatus(member: EtcdMember): Promise<void> {
    try {
      const { leader } = await this.#sendOnce(member, etcdMethods.status, NOTHING, Date.now() + this.#options.attemptTimeoutMs);
      if (leader === 0n) throw new Error('the member has no leader');
    } catch (error) {
      // Refused for want of rights: alive nevertheless.
      if (isServiceError(error) && !isUnavailable(error) && isFromEtcd(error)) return;
      this.#noteFault(member, error);
      if (member.isSecure || (isServiceError(error) && error.code === grpcStatus.DEADLINE_EXCEEDED)) this.#renew(member);
      throw error;
    }
  }

  /** Gets a token when a user is configured and there is none. */
  async #authenticate(member: EtcdMember): Promise<boolean> {
    const { auth } = this.#options;
    if (auth === null || (!this.#tokenPending && this.#token !== '')) return true;
    // etcd checks a token wherever it sees one, and refuses to give a new one for an old one.
    this.#token = '';
    try {
      const request = loginRequest(auth.username, auth.password);
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

  #noteFault(member: EtcdMember | null, error: unknown): void {
    const text = isServiceError(error) ? error.details : error instanceof Error ? error.message : String(error);
    // The user's own words are part of the last fault only as a message of etcd, never the password.
    this.#lastFault = member === null ? text : `${member.url}: ${text}`;
  }

  #renew(member: EtcdMember): void {
    if (this.#closed) return;
    try {
      member.renew();
    } catch (error) {
      this.#noteFault(member, error);
    }
  }
}

function closedError(): StorageError {
  return new StorageError('STORAGE_CLOSED', 'the store is closed', {});
}
