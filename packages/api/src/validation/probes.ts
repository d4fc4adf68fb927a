import type { FieldErrors } from './field-errors.js';
import { isHttpHeaderName, isPortName, isPortNumber } from './names.js';
import type { Handler, HttpGetAction, Lifecycle, PodSpec, Probe } from './pod-types.js';

/** A port by number or name; an absent one counts as 0. */
export function validatePortReference(port: number | string | undefined, at: string, errors: FieldErrors): void {
  if (typeof port === 'string') errors.invalidEach(at, port, isPortName(port));
  else errors.invalidEach(at, port ?? 0, isPortNumber(port ?? 0));
}

function validateHttpGet(action: HttpGetAction, at: string, errors: FieldErrors): void {
  if ((action.path ?? '') === '') errors.required(`${at}.path`);
  validatePortReference(action.port, `${at}.port`, errors);
  errors.oneOf(`${at}.scheme`, action.scheme, ['HTTP', 'HTTPS']);
  for (const { name = '' } of action.httpHeaders ?? []) errors.invalidEach(`${at}.httpHeaders`, name, isHttpHeaderName(name));
}

/** One way to act, and only one. `graceSeconds` bounds a sleep. */
function validateHandler(handler: Handler, graceSeconds: number | undefined, at: string, errors: FieldErrors): void {
  let count = 0;
  const first = (name: string): boolean => {
    if (count++ === 0) return true;
    errors.forbidden(`${at}.${name}`, 'may not specify more than 1 handler type');
    return false;
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec !== undefined && first('exec') && (exec.command ?? []).length === 0) errors.required(`${at}.exec.command`);
  if (httpGet !== undefined && first('httpGet')) validateHttpGet(httpGet, `${at}.httpGet`, errors);
  if (tcpSocket !== undefined && first('tcpSocket')) validatePortReference(tcpSocket.port, `${at}.tcpSocket.port`, errors);
  if (grpc !== undefined && first('grpc')) validatePortReference(grpc.port, `${at}.grpc.port`, errors);
  if (sleep !== undefined && first('sleep') && graceSeconds !== undefined) {
    const seconds = sleep.seconds ?? 0;
    if (seconds < 0 || seconds > graceSeconds) {
      errors.invalid(`${at}.sleep`, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`);
    }
  }
  if (count === 0) errors.required(at, 'must specify a handler type');
}

/** A probe of any kind. */
function validateProbe(probe: Probe, graceSeconds: number | undefined, at: string, errors: FieldErrors): void {
  validateHandler(probe, graceSeconds, at, errors);
  errors.nonNegative(`${at}.initialDelaySeconds`, probe.initialDelaySeconds);
  errors.nonNegative(`${at}.timeoutSeconds`, probe.timeoutSeconds);
  errors.nonNegative(`${at}.periodSeconds`, probe.periodSeconds);
  errors.nonNegative(`${at}.successThreshold`, probe.successThreshold);
  errors.nonNegative(`${at}.failureThreshold`, probe.failureThreshold);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) errors.invalid(`${at}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
}

function validateSingleSuccess(probe: Probe, at: string, errors: FieldErrors): void {
  if (probe.successThreshold !== 1) errors.invalid(`${at}.successThreshold`, probe.successThreshold ?? 0, 'must be 1');
}

/** The probes of a container that may have them. */
export function validateProbes(
  container: { livenessProbe?: Probe; readinessProbe?: Probe; startupProbe?: Probe },
  graceSeconds: number | undefined,
  at: string,
  errors: FieldErrors,
): void {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe !== undefined) {
    validateProbe(livenessProbe, graceSeconds, `${at}.livenessProbe`, errors);
    validateSingleSuccess(livenessProbe, `${at}.livenessProbe`, errors);
  }
  if (readinessProbe !== undefined) {
    validateProbe(readinessProbe, graceSeconds, `${at}.readinessProbe`, errors);
    const grace = readinessProbe.terminationGracePeriodSeconds;
    if (grace !== undefined) {
      errors.invalid(`${at}.readinessProbe.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes');
    }
  }
  if (startupProbe !== undefined) {
    validateProbe(startupProbe, graceSeconds, `${at}.startupProbe`, errors);
    validateSingleSuccess(startupProbe, `${at}.startupProbe`, errors);
  }
}

const WINDOWS_SIGNALS = ['SIGKILL', 'SIGTERM'];

/** Hooks after start and before stop. */
export function validateLifecycle(lifecycle: Lifecycle | undefined, spec: PodSpec, at: string, errors: FieldErrors): void {
  if (lifecycle === undefined) return;
  const graceSeconds = spec.terminationGracePeriodSeconds;
  if (lifecycle.postStart !== undefined) validateHandler(lifecycle.postStart, graceSeconds, `${at}.postStart`, errors);
  if (lifecycle.preStop !== undefined) validateHandler(lifecycle.preStop, graceSeconds, `${at}.preStop`, errors);
  if (lifecycle.stopSignal === undefined) return;
  if (spec.os === undefined) errors.forbidden(`${at}.stopSignal`, 'may not be set for containers with empty `spec.os.name`');
  else if (spec.os.name === 'windows') errors.oneOf(`${at}.stopSignal`, lifecycle.stopSignal, WINDOWS_SIGNALS);
}
