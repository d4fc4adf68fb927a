import { type AuditLogger, nowMicros, type RequestAuditor } from '@k/audit';
import type { Filter, RequestContext } from '../context.js';
import { sendPlainError } from '../http/respond.js';
import { LatencyTracker } from '../latency-tracker.js';

const LONG_RUNNING = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

function isLongRunning({ info }: RequestContext): boolean {
  if (!info.isResourceRequest) return info.path.startsWith('/debug/pprof/');
  return info.verb === 'watch' || info.verb === 'proxy' || LONG_RUNNING.has(info.subresource);
}

function begin(logger: AuditLogger, context: RequestContext, authenticated: boolean): RequestAuditor | null {
  const { info, exchange, user } = context;
  return logger.begin({
    attributes: {
      user: authenticated ? user : undefined,
      verb: info.verb,
      isResourceRequest: info.isResourceRequest,
      apiGroup: info.apiGroup,
      apiVersion: info.apiVersion,
      resource: info.resource,
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
      path: info.path,
    },
    uri: exchange.url,
    user: authenticated ? user : {},
    auditId: context.auditId,
    headers: exchange.headers,
    remoteAddress: exchange.socket.remoteAddress,
    receivedMicros: context.receivedAtMs * 1000 + (nowMicros() % 1000),
  });
}

/** Writes the audit log: one event per stage of each request that the policy wants. */
export function auditFilter(logger: AuditLogger): Filter {
  return {
    name: 'audit',
    why: 'right after authentication: it logs who really asked, and everything that happens later',
    async handle(context) {
      const auditor = begin(logger, context, true);
      if (auditor === null) return;
      context.audit = auditor;
      for (const [key, value] of Object.entries(context.authenticationAnnotations ?? {})) auditor.addAnnotation(key, value);
      const kept = auditor.emit('RequestReceived');
      if (!(kept instanceof Promise ? await kept : kept)) {
        logger.reject();
        context.audit = null;
        sendPlainError(context, 'failed to store audit event');
        return;
      }
      const latency = context.info.verb === 'watch' ? undefined : new LatencyTracker();
      latency?.add('authentication', context.authenticationMs ?? 0);
      context.latency = latency;
      const longRunning = isLongRunning(context);
      let started = false;
      const start = (): void => {
        if (started || !longRunning) return;
        started = true;
        auditor.setResponseStatus(200);
        void auditor.emit('ResponseStarted');
      };
      context.onStreamStart = start;
      let panic: string | null = null;
      context.onPanic = (error) => {
        // The text of an unforeseen error may hold anything; it is in the server's log, under the same audit id.
        panic ??= error instanceof Error ? error.name : typeof error;
      };
      context.exchange.onClose(() => {
        if (panic !== null) {
          void auditor.panic(panic);
          return;
        }
        auditor.setClosedEarly();
        for (const [key, value] of latency?.annotations(Date.now() - context.receivedAtMs) ?? []) auditor.addAnnotation(key, value);
        start();
        void auditor.complete();
      });
    },
  };
}

/** Logs a request that is refused before the audit log begins (credentials, deadline): one event, since nothing else happens to it. */
export function auditUnauthenticated(logger: AuditLogger, context: RequestContext): void {
  const auditor = begin(logger, context, false);
  if (auditor === null) return;
  context.audit = auditor;
  context.exchange.onClose(() => void auditor.emit('ResponseStarted'));
}
