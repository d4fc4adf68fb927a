import { validateEnv, validateEnvFrom } from './container-env.js';
import type { FieldErrors } from './field-errors.js';
import { isDns1123Label, isPortName, isPortNumber } from './names.js';
import type { Container, ContainerPort, PodContext, PodSpec, Volume } from './pod-types.js';
import { validateLifecycle, validateProbes } from './probes.js';
import { validateResourceRequirements } from './resources.js';
import { validateSecurityContext } from './security-context.js';
import { validateVolumeDevices, validateVolumeMounts } from './volume-mounts.js';
import { validatePullPolicy } from './volumes.js';

/** Transport protocols that ports may have. */
export const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const RESTART_RULES_MAX = 20;
const EXIT_CODES_MAX = 255;
/** What an ephemeral container may not have, in upstream's order. */
const NOT_FOR_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

/** What all containers of one pod are checked against. */
export interface ContainerContext extends PodContext {
  spec: PodSpec;
  volumes: ReadonlyMap<string, Volume>;
  claimNames: readonly string[];
  hostUsers: boolean;
}

function validatePorts(ports: ContainerPort[] | undefined, at: string, errors: FieldErrors): void {
  if (ports === undefined) return;
  const names = new Set<string>();
  ports.forEach(({ name = '', containerPort = 0, hostPort = 0, protocol = '' }, i) => {
    const path = `${at}[${i}]`;
    if (name !== '') {
      const messages = isPortName(name);
      errors.invalidEach(`${path}.name`, name, messages);
      if (messages.length === 0) {
        if (names.has(name)) errors.duplicate(`${path}.name`, name);
        names.add(name);
      }
    }
    if (containerPort === 0) errors.required(`${path}.containerPort`);
    else errors.invalidEach(`${path}.containerPort`, containerPort, isPortNumber(containerPort));
    if (hostPort !== 0) errors.invalidEach(`${path}.hostPort`, hostPort, isPortNumber(hostPort));
    if (protocol === '') errors.required(`${path}.protocol`);
    else errors.oneOf(`${path}.protocol`, protocol, PROTOCOLS);
  });
}

/** Host ports that two of these containers want. `index` is that of the first container. */
function validateHostPorts(containers: readonly Container[], at: string, errors: FieldErrors): void {
  let taken: Set<string> | undefined;
  containers.forEach((container, i) => {
    container.ports?.forEach(({ hostPort = 0, protocol = '', hostIP = '' }, j) => {
      if (hostPort === 0) return;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      taken ??= new Set();
      if (taken.has(key)) errors.duplicate(`${at}[${i}].ports[${j}].hostPort`, key);
      taken.add(key);
    });
  });
}

function validateResizePolicy(container: Container, spec: PodSpec, at: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  container.resizePolicy?.forEach(({ resourceName = '', restartPolicy = '' }, i) => {
    if (seen.has(resourceName)) errors.duplicate(`${at}[${i}]`, resourceName);
    seen.add(resourceName);
    if (resourceName === '') errors.required(at);
    else errors.oneOf(at, resourceName, ['cpu', 'memory']);
    if (restartPolicy === '') errors.required(at);
    else errors.oneOf(at, restartPolicy, ['NotRequired', 'RestartContainer']);
    if (spec.restartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.invalid(at, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
  });
}

function validateRestart(container: Container, at: string, errors: FieldErrors): void {
  const { restartPolicy, restartPolicyRules: rules = [] } = container;
  if (restartPolicy !== undefined) errors.oneOf(`${at}.restartPolicy`, restartPolicy, RESTART_POLICIES);
  if (rules.length === 0) return;
  if (restartPolicy === undefined) errors.required(`${at}.restartPolicy`, 'must specify restartPolicy when restart rules are used');
  if (rules.length > RESTART_RULES_MAX) errors.tooMany(`${at}.restartPolicyRules`, rules.length, RESTART_RULES_MAX);
  rules.forEach(({ action = '', exitCodes }, i) => {
    const path = `${at}.restartPolicyRules[${i}]`;
    errors.oneOf(`${path}.action`, action, ['Restart', 'RestartAllContainers']);
    if (exitCodes === undefined) {
      errors.required(`${path}.exitCodes`, 'must be specified');
      return;
    }
    errors.oneOf(`${path}.exitCodes.operator`, exitCodes.operator, ['In', 'NotIn']);
    const values = exitCodes.values ?? [];
    if (values.length > EXIT_CODES_MAX) errors.tooMany(`${path}.exitCodes.values`, values.length, EXIT_CODES_MAX);
  });
}

/** What holds for every kind of container. */
function validateCommon(container: Container, context: ContainerContext, at: string, errors: FieldErrors): void {
  const { name = '', image = '', terminationMessagePolicy: policy = '' } = container;
  if (name === '') errors.required(`${at}.name`);
  else errors.invalidEach(`${at}.name`, name, isDns1123Label(name));
  if (image === '') errors.required(`${at}.image`);
  if (policy === '') errors.required(`${at}.terminationMessagePolicy`);
  else errors.oneOf(`${at}.terminationMessagePolicy`, policy, ['File', 'FallbackToLogsOnError']);
  validatePorts(container.ports, `${at}.ports`, errors);
  validateEnv(container.env, `${at}.env`, errors);
  validateEnvFrom(container.envFrom, `${at}.envFrom`, errors);
  validateVolumeMounts(container, context.volumes, `${at}.volumeMounts`, errors);
  validateVolumeDevices(container, context.volumes, `${at}.volumeDevices`, errors);
  validatePullPolicy(container.imagePullPolicy, `${at}.imagePullPolicy`, errors);
  validateResourceRequirements(container.resources, `${at}.resources`, errors, context);
  validateResizePolicy(container, context.spec, `${at}.resizePolicy`, errors);
  validateSecurityContext(container.securityContext, context.hostUsers, `${at}.securityContext`, errors);
}

/** The ordinary containers: at least one. */
export function validateContainers(context: ContainerContext, at: string, errors: FieldErrors): void {
  const containers = context.spec.containers ?? [];
  if (containers.length === 0) {
    errors.required(at);
    return;
  }
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const path = `${at}[${i}]`;
    const { name = '' } = container;
    validateCommon(container, context, path, errors);
    if (names.has(name)) errors.duplicate(`${path}.name`, name);
    names.add(name);
    validateLifecycle(container.lifecycle, context.spec, `${path}.lifecycle`, errors);
    validateProbes(container, context.spec.terminationGracePeriodSeconds, path, errors);
    validateRestart(container, path, errors);
  });
  validateHostPorts(containers, at, errors);
}

/** Containers that run before the ordinary ones, or beside them (`restartPolicy: Always`). */
export function validateInitContainers(context: ContainerContext, at: string, errors: FieldErrors): void {
  const containers = context.spec.initContainers;
  if (containers === undefined) return;
  const names = new Set((context.spec.containers ?? []).map((container) => container.name ?? ''));
  containers.forEach((container, i) => {
    const path = `${at}[${i}]`;
    const { name = '', restartPolicy } = container;
    validateCommon(container, context, path, errors);
    validateRestart(container, path, errors);
    if (names.has(name)) errors.duplicate(`${path}.name`, name);
    else if (name !== '') names.add(name);
    // They run one by one, so each has the host's ports for itself; upstream names the first then.
    validateHostPorts([container], at, errors);
    if (restartPolicy === 'Always') {
      validateLifecycle(container.lifecycle, context.spec, `${path}.lifecycle`, errors);
      validateProbes(container, context.spec.terminationGracePeriodSeconds, path, errors);
    } else {
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
        if (container[field] !== undefined) {
          errors.forbidden(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always');
        }
      }
    }
    if ((container.resizePolicy ?? []).length > 0 && restartPolicy !== 'Always') {
      errors.invalid(`${path}.resizePolicy`, container.resizePolicy, 'must not be set for init containers');
    }
  });
}

/** Containers that are added to a running pod to look inside. */
export function validateEphemeralContainers(context: ContainerContext, at: string, errors: FieldErrors): void {
  const containers = context.spec.ephemeralContainers;
  if (containers === undefined || containers.length === 0) return;
  const ordinary = new Set([...(context.spec.containers ?? []), ...(context.spec.initContainers ?? [])].map(({ name = '' }) => name));
  const names = new Set(ordinary);
  containers.forEach((container, i) => {
    const path = `${at}[${i}]`;
    const { name = '', targetContainerName = '' } = container;
    validateCommon(container, context, path, errors);
    validateImagePadding(container, path, errors);
    if (names.has(name)) errors.duplicate(`${path}.name`, name);
    names.add(name);
    if (targetContainerName !== '' && !ordinary.has(targetContainerName)) {
      errors.notFound(`${path}.targetContainerName`, targetContainerName);
    }
    for (const field of NOT_FOR_EPHEMERAL) {
      const value = container[field];
      const empty = value === undefined || (typeof value === 'object' && Object.keys(value).length === 0 && !field.endsWith('Probe'));
      if (!empty) errors.forbidden(`${path}.${field}`, 'cannot be set for an Ephemeral Container');
    }
    container.volumeMounts?.forEach((mount, j) => {
      for (const field of ['subPath', 'subPathExpr'] as const) {
        if (mount[field]) errors.forbidden(`${path}.volumeMounts[${j}].${field}`, 'cannot be set for an Ephemeral Container');
      }
    });
  });
}

/** Pods refuse images with blanks around them; templates let them pass. */
export function validateImagePadding({ image = '' }: Container, at: string, errors: FieldErrors): void {
  if (image !== image.trim()) errors.invalid(`${at}.image`, image, 'must not have leading or trailing whitespace');
}
