/** What checks are given: the fields of a pod that matter, read once, with their types made sure of. */
import type { Container, Pod, PodSpec } from './pod.js';

/** A security context. `undefined` = not set; null and absent are the same. */
export interface ContextView {
  /** `spec.securityContext` or `spec.containers[0].securityContext`. */
  readonly contextPath: string;
  readonly runAsNonRoot: boolean | undefined;
  readonly runAsUser: number | undefined;
  /** '' = there is a profile without a type. */
  readonly seccompType: string | undefined;
  /** '' = there is a profile without a type. */
  readonly appArmorType: string | undefined;
  /** '' = not set. */
  readonly seLinuxType: string;
  readonly seLinuxUser: string;
  readonly seLinuxRole: string;
  readonly hostProcess: boolean;
}

/** A host in a probe or lifecycle handler. */
export interface HostUse {
  host: string;
  /** From the container, e.g. `livenessProbe.httpGet.host`. */
  field: string;
}

/** A container, of any of the three lists, with its security context. */
export interface ContainerView extends ContextView {
  /** The container as it was given. */
  readonly container: Container;
  /** '' = without a name. */
  readonly name: string;
  /** `spec.initContainers[0]`. */
  readonly path: string;
  readonly privileged: boolean | undefined;
  readonly allowPrivilegeEscalation: boolean | undefined;
  readonly procMount: string | undefined;
  /** Capabilities; empty when not set. */
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  /** The ports that take a port of the node. */
  readonly hostPorts: readonly { readonly port: number; readonly index: number }[];
  /** The hosts of its probes and lifecycle handlers. */
  readonly hosts: readonly HostUse[];
}

/** What a check is given: a pod, its containers in the order in which messages name them. */
export interface PodView {
  readonly pod: Pod;
  readonly spec: PodSpec;
  readonly annotations: Readonly<Record<string, unknown>>;
  /** The pod's own security context. */
  readonly context: ContextView;
  /** Init containers, containers, ephemeral containers. */
  readonly containers: readonly ContainerView[];
  /** `containers "a", "b"` with the names of all. */
  readonly allContainersText: string;
  readonly volumes: readonly (Readonly<Record<string, unknown>> | null)[];
  readonly sysctls: readonly ({ readonly name?: string | null } | null)[];
  readonly hostNetwork: boolean;
  readonly hostPID: boolean;
  readonly hostIPC: boolean;
  /** `spec.os.name` is `windows`. */
  readonly isWindows: boolean;
  /** The pod has a user namespace of its own (`hostUsers: false`): some rules are relaxed. */
  readonly isRelaxed: boolean;
}
