/**
 * Runs the controllers: all mutating steps in order, later all validating ones; the first refusal ends it.
 *
 * 1. `runMutating` may change the object; when a controller asks for it, the whole phase runs once more.
 * 2. The server validates the result against the rules of its kind.
 * 3. `runValidating` judges what will be stored.
 *
 * `admit` does both for callers without a server between the phases.
 */
import { StatusError } from '@k/apimachinery';
import { applyJsonPatch } from '@k/apimachinery/patch';
import { type BuiltInSelection, createBuiltInControllers } from './built-in-controllers.js';
import { ChainTimers, type PhaseObserver } from './chain-timers.js';
import type {
  AdmissionController,
  AdmissionDependencies,
  AdmissionMetrics,
  AdmissionRequest,
  AdmissionResponse,
  Operation,
  Phase,
} from './interface.js';
import { PLUGINS_LAST } from './names.js';
import { type AdmissionOutcome, admitCopy } from './outcome.js';
import { forbiddenFor } from './response.js';

/** How a chain is made; everything has a default. */
export interface ChainOptions {
  /** Run in this order. Default none. */
  controllers?: readonly AdmissionController[];
  metrics?: AdmissionMetrics;
  log?: AdmissionDependencies['log'];
  /** Milliseconds that one controller may take unless it names a limit of its own. Default 10,000. */
  controllerTimeoutMs?: number;
  /** Milliseconds that one phase may take, all controllers together. Default 58,000. */
  phaseTimeoutMs?: number;
  /** Milliseconds after which a controller is logged as slow. Default 500. */
  slowMs?: number;
}

const CONTROLLER_MS_MAX = 10_000;
/** Shorter than the 60 s that a server gives to a request, so that the client learns which controller it was. */
const PHASE_MS_MAX = 58_000;
const SLOW_MS = 500;

class TimeoutError extends Error {}

/** One controller of a phase, with what counts its time. */
interface Step {
  controller: AdmissionController;
  observe: PhaseObserver | undefined;
}

/** The controllers of a phase for one operation. */
interface Plan {
  steps: readonly Step[];
  observe: PhaseObserver | undefined;
}

/** The chain of one server. Immutable: `withX` returns a longer chain. */
export class AdmissionChain {
  readonly controllers: readonly AdmissionController[];
  readonly #options: ChainOptions;
  readonly #plans: Readonly<Record<Phase, Map<Operation, Plan>>> = { admit: new Map(), validate: new Map() };
  readonly #timers: ChainTimers | null;

  constructor(options: ChainOptions = {}) {
    this.#options = options;
    const controllers = options.controllers ?? [];
    const last = controllers.filter(({ name }) => PLUGINS_LAST.includes(name));
    this.controllers = [...controllers.filter(({ name }) => !PLUGINS_LAST.includes(name)), ...last];
    this.#timers = options.metrics === undefined ? null : new ChainTimers(options.metrics);
  }

  /**
   * Adds kube-apiserver's controllers in its order, the default ones unless `selection` says otherwise.
   *
   * @throws {RangeError} naming an unknown plugin or an invalid configuration.
   */
  withBuiltInControllers(dependencies: AdmissionDependencies, selection: BuiltInSelection = {}): AdmissionChain {
    const { metrics, log } = { ...dependencies, ...this.#options };
    return new AdmissionChain({
      ...this.#options,
      ...(metrics === undefined ? {} : { metrics }),
      ...(log === undefined ? {} : { log }),
      controllers: [...this.controllers, ...createBuiltInControllers(dependencies, selection)],
    });
  }

  /** Adds a controller behind those already there, but before quotas, which must be charged last. */
  withController(controller: AdmissionController): AdmissionChain {
    return new AdmissionChain({ ...this.#options, controllers: [...this.controllers, controller] });
  }

  /** Runs both phases on a copy of the object; a refusal is a value, never thrown. */
  admit(request: AdmissionRequest): Promise<AdmissionOutcome> {
    return admitCopy(this, request);
  }

  /** May change `request.object`. Throws a StatusError to refuse. */
  async runMutating(request: AdmissionRequest): Promise<void> {
    request.reinvocation = { reinvoke: false, isReinvocation: false };
    await this.#run(request, 'admit');
    if (!request.reinvocation.reinvoke) return;
    request.reinvocation = { reinvoke: false, isReinvocation: true };
    await this.#run(request, 'admit');
  }

  /** Throws a StatusError to refuse. */
  runValidating(request: AdmissionRequest): Promise<void> {
    return this.#run(request, 'validate');
  }

  /** Ends the connections of the controllers; calls of webhooks that are under way fail. */
  async close(): Promise<void> {
    await Promise.all(this.controllers.map((controller) => controller.close?.()));
  }

  #plan(phase: Phase, operation: Operation): Plan {
    let plan = this.#plans[phase].get(operation);
    if (plan === undefined) {
      const controllers = this.controllers.filter(
        (controller) => controller[phase] !== undefined && controller.supportsOperation(operation),
      );
      plan = {
        steps: controllers.map((controller) => ({ controller, observe: this.#timers?.controller(controller.name, phase, operation) })),
        observe: this.#timers?.step(phase, operation),
      };
      this.#plans[phase].set(operation, plan);
    }
    return plan;
  }

  async #run(request: AdmissionRequest, phase: Phase): Promise<void> {
    const plan = this.#plan(phase, request.operation);
    const started = performance.now();
    const deadline = started + (this.#options.phaseTimeoutMs ?? PHASE_MS_MAX);
    const slowMs = this.#options.slowMs ?? SLOW_MS;
    let mark = started;
    let rejected = true;
    try {
      for (const { controller, observe } of plan.steps) {
        let failed = true;
        try {
          const pending = controller[phase]?.(request);
          const response = pending instanceof Promise ? await this.#withTimeout(controller, pending, deadline) : pending;
          if (response !== undefined) this.#take(controller, request, phase, response);
          failed = false;
        } catch (error) {
          throw this.#faultOf(controller, request, error);
        } finally {
          const now = performance.now();
          observe?.(failed, (now - mark) / 1000);
          if (now - mark > slowMs) this.#warnSlow(controller, phase, now - mark);
          mark = now;
        }
      }
      rejected = false;
    } finally {
      plan.observe?.(rejected, (mark - started) / 1000);
    }
  }

  /** What the client sees of something that a controller threw. */
  #faultOf(controller: AdmissionController, request: AdmissionRequest, error: unknown): StatusError {
    if (StatusError.is(error)) return error;
    this.#options.log?.error({ err: error, controller: controller.name }, 'admission controller failed');
    const text = error instanceof TimeoutError ? error.message : 'failed unexpectedly; the cause is in the log of the server';
    return forbiddenFor(request, `admission controller ${JSON.stringify(controller.name)} ${text}`);
  }

  #warnSlow(controller: AdmissionController, phase: Phase, durationMs: number): void {
    this.#options.log?.warn({ controller: controller.name, phase, durationMs: Math.round(durationMs) }, 'slow admission controller');
  }

  #take(controller: AdmissionController, request: AdmissionRequest, phase: Phase, response: AdmissionResponse): void {
    for (const text of response.warnings ?? []) request.addWarning(text);
    for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) {
      request.addAuditAnnotation(key.includes('/') ? key : `${controller.name}/${key}`, value);
    }
    if (!response.allowed) {
      if (response.error !== undefined) throw response.error;
      const error = forbiddenFor(request, response.reason);
      if (response.code !== undefined) error.status.code = response.code;
      throw error;
    }
    if (phase === 'admit' && response.patch !== undefined && request.object !== null) {
      request.object = applyJsonPatch(request.object as never, response.patch as never) as typeof request.object;
    }
  }

  #withTimeout<T>(controller: AdmissionController, pending: Promise<T>, deadline: number): Promise<T> {
    const limitMs = controller.timeoutMs ?? this.#options.controllerTimeoutMs ?? CONTROLLER_MS_MAX;
    const leftMs = Math.max(0, Math.ceil(Math.min(limitMs, deadline - performance.now())));
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new TimeoutError(`did not answer within ${leftMs} ms`)), leftMs);
      pending.then(
        (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
  }
}
