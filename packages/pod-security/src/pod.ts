/** The parts of a pod that the checks look at. Anything else may be there too. */

export interface SecurityContext {
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { add?: readonly string[] | null; drop?: readonly string[] | null } | null;
  procMount?: string;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  seLinuxOptions?: { type?: string; user?: string; role?: string; level?: string } | null;
  seccompProfile?: { type?: string; localhostProfile?: string } | null;
  appArmorProfile?: { type?: string; localhostProfile?: string } | null;
  windowsOptions?: { hostProcess?: boolean } | null;
}

/** Of pods only. */
export interface PodSecurityContext extends SecurityContext {
  sysctls?: readonly { name: string; value?: string }[] | null;
}

/** A network target of a probe or a lifecycle handler. */
export interface HostHandler {
  httpGet?: { host?: string } | null;
  tcpSocket?: { host?: string } | null;
}

export interface Container {
  name: string;
  image?: string;
  securityContext?: SecurityContext | null;
  ports?: readonly { hostPort?: number }[] | null;
  livenessProbe?: HostHandler | null;
  readinessProbe?: HostHandler | null;
  startupProbe?: HostHandler | null;
  lifecycle?: { postStart?: HostHandler | null; preStop?: HostHandler | null } | null;
}

export interface PodSpec {
  containers?: readonly Container[] | null;
  initContainers?: readonly Container[] | null;
  ephemeralContainers?: readonly Container[] | null;
  volumes?: readonly ({ name: string } & Readonly<Record<string, unknown>>)[] | null;
  securityContext?: PodSecurityContext | null;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  hostUsers?: boolean;
  os?: { name?: string } | null;
  runtimeClassName?: string;
}

/** A Pod or a pod template. */
export interface Pod {
  metadata?: { name?: string; annotations?: Readonly<Record<string, string>> | null } | null;
  spec?: PodSpec | null;
}
