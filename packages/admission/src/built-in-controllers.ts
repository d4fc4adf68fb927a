/** The registry: which function makes which of kube-apiserver's plugins. */
import type { AdmissionConfiguration } from './configuration.js';
import { namespaceAutoProvision, namespaceExists, namespaceLifecycle } from './controllers/namespaces.js';
import { defaultTolerationSeconds, priority, taintNodesByCondition } from './controllers/pod-defaults.js';
import { podSecurity } from './controllers/pod-security.js';
import { serviceAccount } from './controllers/service-account.js';
import type { AdmissionController, AdmissionDependencies } from './interface.js';
import { resolvePlugins } from './names.js';

/** Which built-in controllers to run and how. */
export interface BuiltInSelection {
  /** Plugin names to run besides the default ones (`--enable-admission-plugins`). */
  enable?: readonly string[];
  /** Default plugins to leave out (`--disable-admission-plugins`). */
  disable?: readonly string[];
  /** From {@link loadAdmissionConfiguration}. Default empty. */
  configuration?: AdmissionConfiguration;
  /** Seconds. Default 300. */
  defaultNotReadyTolerationSeconds?: number;
  /** Seconds. Default 300. */
  defaultUnreachableTolerationSeconds?: number;
}

type Factory = (dependencies: AdmissionDependencies, configuration: unknown, selection: BuiltInSelection) => AdmissionController;

const FACTORIES: Readonly<Record<string, Factory>> = {
  NamespaceAutoProvision: namespaceAutoProvision,
  NamespaceLifecycle: namespaceLifecycle,
  NamespaceExists: namespaceExists,
  ServiceAccount: serviceAccount,
  TaintNodesByCondition: taintNodesByCondition,
  PodSecurity: (dependencies) => podSecurity(dependencies),
  Priority: priority,
  DefaultTolerationSeconds: (_dependencies, _configuration, selection) =>
    defaultTolerationSeconds({
      notReadySeconds: selection.defaultNotReadyTolerationSeconds ?? 300,
      unreachableSeconds: selection.defaultUnreachableTolerationSeconds ?? 300,
    }),
};

/**
 * Makes the selected controllers in kube-apiserver's order.
 *
 * @throws {RangeError} naming an unknown plugin, or the configuration field and value that is wrong.
 */
export function createBuiltInControllers(dependencies: AdmissionDependencies, selection: BuiltInSelection = {}): AdmissionController[] {
  return resolvePlugins(selection).flatMap((name) => {
    const factory = FACTORIES[name];
    return factory === undefined ? [] : [factory(dependencies, selection.configuration?.get(name), selection)];
  });
}
