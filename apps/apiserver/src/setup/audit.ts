/** The audit log of the flags: policy and backends. */
import {
  type AuditBackend,
  type AuditErrorHandler,
  AuditLogger,
  bufferedBackend,
  failureText,
  ignoreErrors,
  logBackend,
  parsePolicy,
  readWebhookKubeconfig,
  truncateBackend,
  unionBackend,
  webhookBackend,
} from '@k/audit';
import { createAuditMetrics } from '@k/audit/metrics';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';

/** A running audit log. */
export interface AuditSetup {
  logger: AuditLogger;
  /** Opens the log file anew, for logrotate. */
  reopen(): void;
  /** Writes out what is held. */
  close(): Promise<void>;
}

type Sink = 'log' | 'webhook';

/** Refuses numbers that would keep events from being written. */
function checkNumbers(flags: Flags, sink: Sink): void {
  const number = (name: string): number => flags.number(`audit-${sink}-${name}`);
  const positive = (name: string, what: string): void => {
    if (number(name) <= 0) throw new FlagError(`invalid audit batch ${sink} ${what} ${number(name)}, must be a positive number`);
  };
  if (flags.text(`audit-${sink}-mode`) === 'batch') {
    positive('batch-buffer-size', 'buffer size');
    positive('batch-max-size', 'max batch size');
    if (flags.on(`audit-${sink}-batch-throttle-enable`)) {
      positive('batch-throttle-qps', 'throttle QPS');
      positive('batch-throttle-burst', 'throttle burst');
    }
  }
  if (!flags.on(`audit-${sink}-truncate-enabled`)) return;
  const event = number('truncate-max-event-size');
  const batch = number('truncate-max-batch-size');
  if (event <= 0) throw new FlagError(`invalid audit truncate ${sink} max event size ${event}, must be a positive number`);
  if (batch < event) {
    throw new FlagError(`invalid audit truncate ${sink} max batch size ${batch}, must be greater than max event size (${event})`);
  }
}

/** Puts the decorators that the flags ask for around a backend. */
function decorate(flags: Flags, sink: Sink, backend: AuditBackend, onError: AuditErrorHandler): AuditBackend {
  const number = (name: string): number => flags.number(`audit-${sink}-${name}`);
  const mode = flags.text(`audit-${sink}-mode`);
  let decorated = backend;
  if (mode === 'batch') {
    decorated = bufferedBackend(decorated, {
      bufferSize: number('batch-buffer-size'),
      maxBatchSize: number('batch-max-size'),
      maxBatchWaitMs: number('batch-max-wait'),
      onError,
      ...(flags.on(`audit-${sink}-batch-throttle-enable`)
        ? { throttle: { qps: number('batch-throttle-qps'), burst: number('batch-throttle-burst') } }
        : {}),
    });
  } else if (mode === 'blocking') decorated = ignoreErrors(decorated);
  if (flags.on(`audit-${sink}-truncate-enabled`)) {
    decorated = truncateBackend(decorated, {
      maxEventBytes: number('truncate-max-event-size'),
      maxBatchBytes: number('truncate-max-batch-size'),
      onError,
    });
  }
  return decorated;
}

/**
 * Opens the audit log, or nothing when no policy is given.
 *
 * @throws {@link FlagError} for a bad policy, a file that cannot be opened or numbers out of range.
 */
export function setUpAudit(
  flags: Flags,
  log: Logger,
  registry: Parameters<typeof createAuditMetrics>[0]['registry'],
): AuditSetup | undefined {
  const text = readFlagFile(flags, 'audit-policy-file');
  const policy =
    text === undefined
      ? undefined
      : forFlag('audit-policy-file', () => parsePolicy(text, (message) => log.warn({ component: 'audit' }, message)));
  const metrics = createAuditMetrics({ registry });
  const onError: AuditErrorHandler = ({ plugin, events, error }) => {
    metrics.onError({ plugin, events, error });
    log.error({ component: 'audit', plugin, err: error }, failureText({ plugin, events, error }));
  };
  const backends: AuditBackend[] = [];
  const path = flags.optional('audit-log-path');
  let reopen = (): void => {};
  if (path !== undefined) {
    for (const name of ['maxage', 'maxbackup', 'maxsize']) {
      const value = flags.number(`audit-log-${name}`);
      if (value < 0) throw new FlagError(`--audit-log-${name} ${value} can't be a negative number`);
    }
    checkNumbers(flags, 'log');
    if (policy !== undefined) {
      const file = forFlag('audit-log-path', () =>
        logBackend({
          path,
          format: flags.text('audit-log-format') as 'json' | 'legacy',
          maxSizeMb: flags.number('audit-log-maxsize'),
          maxBackups: flags.number('audit-log-maxbackup'),
          maxAgeDays: flags.number('audit-log-maxage'),
          compress: flags.on('audit-log-compress'),
          onError,
        }),
      );
      reopen = () => file.reopen();
      backends.push(decorate(flags, 'log', file, onError));
    }
  }
  const kubeconfig = flags.optional('audit-webhook-config-file');
  if (kubeconfig !== undefined) {
    checkNumbers(flags, 'webhook');
    const target = forFlag('audit-webhook-config-file', () => readWebhookKubeconfig(kubeconfig));
    const older = flags.isGiven('audit-webhook-batch-initial-backoff') && !flags.isGiven('audit-webhook-initial-backoff');
    const initialBackoffMs = flags.number(older ? 'audit-webhook-batch-initial-backoff' : 'audit-webhook-initial-backoff');
    if (policy !== undefined) backends.push(decorate(flags, 'webhook', webhookBackend({ target, initialBackoffMs, onError }), onError));
  }
  if (policy === undefined || backends.length === 0) return undefined;
  const backend = unionBackend(backends);
  const counters = { ...metrics.counters, conflict: (message: string) => log.warn({ component: 'audit' }, message) };
  const logger = new AuditLogger(backend, policy, { counters });
  return { logger, reopen, close: () => backend.close() };
}
