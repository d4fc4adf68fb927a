/** How much of a request is logged, least first. */
export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';

/** When in a request's life an event is written. */
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

/** Levels in rising order. */
export const LEVELS: readonly AuditLevel[] = ['None', 'Metadata', 'Request', 'RequestResponse'];
/** Stages in the order of a request. */
export const STAGES: readonly AuditStage[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

/** Who asked. */
export interface AuditUser {
  username?: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** What was asked for. */
export interface AuditObjectReference {
  resource?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiGroup?: string;
  apiVersion?: string;
  resourceVersion?: string;
  subresource?: string;
}

/** A meta/v1 Status as far as events hold it. */
export interface AuditResponseStatus {
  metadata: Record<string, never>;
  status?: string;
  message?: string;
  reason?: string;
  details?: object;
  code?: number;
}

/** `audit.k8s.io/v1` Event. What a request does not have is undefined. */
export interface AuditEvent {
  level: AuditLevel;
  auditID: string;
  stage: AuditStage;
  requestURI: string;
  verb: string;
  user: AuditUser;
  impersonatedUser?: AuditUser | undefined;
  authenticationMetadata?: { impersonationConstraint?: string } | undefined;
  sourceIPs?: readonly string[] | undefined;
  userAgent?: string | undefined;
  objectRef?: AuditObjectReference | undefined;
  responseStatus?: AuditResponseStatus | undefined;
  /** JSON text of the body as an object. */
  requestObject?: string | undefined;
  /** JSON text of the answer as an object. */
  responseObject?: string | undefined;
  /** Microseconds since the epoch. */
  requestReceivedMicros: number;
  stageMicros: number;
  /** The request's own, which its later events share until another one is added. */
  annotations?: Readonly<Record<string, string>> | undefined;
}
