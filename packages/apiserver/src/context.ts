import type { RequestInfo } from '@k/apimachinery';
import type { UserInfo } from '@k/auth';
import type { RequestAudit } from './audit-context.js';
import type { Exchange } from './http/exchange.js';
import type { MediaType } from './http/negotiate.js';
import type { LatencyTracker } from './latency-tracker.js';
import type { WarningRecorder } from './warnings.js';

/** The state of one request on its way through the chain. Each field names the filter that writes it. */
export interface RequestContext {
  readonly exchange: Exchange;
  /** Milliseconds since the epoch. */
  readonly receivedAtMs: number;
  readonly path: string;
  /** Parsed query; null when there is none. */
  readonly query: URLSearchParams | null;
  readonly info: RequestInfo;
  /** Sent back as `Audit-Id`. */
  auditId: string;
  /** Written by authentication; impersonation replaces it. */
  user: UserInfo;
  /** The user before impersonation. */
  originalUser: UserInfo | null;
  /** What authentication has to say to the audit log, which begins after it. */
  authenticationAnnotations?: Readonly<Record<string, string>>;
  /** Milliseconds that authentication took. */
  authenticationMs?: number;
  /** Null when no audit event is wanted. */
  audit: RequestAudit | null;
  /** Set by the audit filter: where the time goes. Undefined when nobody will hear of it. */
  latency?: LatencyTracker | undefined;
  readonly warnings: WarningRecorder;
  /** The negotiated answer, set by the dispatcher. */
  media: MediaType | null;
  /** Headers that filters add to the answer. */
  readonly responseHeaders: Record<string, string>;
  /** True once an answer was sent or a stream was started. */
  answered: boolean;
  /** Set by the audit filter: writes the ResponseStarted event of a stream. */
  onStreamStart: (() => void) | null;
  /** Set by flow control: a watch has sent what there was at its start, and costs little from here on. */
  onWatchReady?: () => void;
  /** Set by the audit filter: hears of what no handler should throw. */
  onPanic?: (error: unknown) => void;
  /** Ended early by the request timeout or the client: long work may stop. */
  aborted: boolean;
  /** Made when something first asks for it (`abort-signal.ts`): few requests wait for anything outside. */
  abortSignal?: AbortSignal;
  /** Called when the request is over, with whether it changed what is stored; written by admission. */
  readonly admissionEnds: ((isStored: boolean) => void)[];
}

/**
 * One stage of the handler chain.
 *
 * It returns (or resolves) to let the request go on, or answers it and sets `answered`. Throwing a StatusError
 * answers with that Status. What has to happen after the answer is registered with `exchange.onClose`.
 */
export interface Filter {
  readonly name: string;
  /** Why it stands where it stands. */
  readonly why: string;
  handle(context: RequestContext): undefined | void | Promise<void>;
}
