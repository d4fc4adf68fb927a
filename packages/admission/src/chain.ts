/** Runs the controllers: all mutating steps in order, later all validating ones; the first refusal ends it. */
import { StatusError } from '@k/apimachinery';
import { applyJsonPatch } from '@k/apimachinery/patch';
import type { AdmissionController, AdmissionMetrics, AdmissionRequest, AdmissionResponse } from './interface.js';
import { forbiddenFor } from './response.js';

/** Milliseconds that one controller may take; webhooks have timeouts of their own below it. */
const CONTROLLER_MS_MAX = 34_000;

/** How a chain is made. */
export interface ChainOptions {
  controllers: readonly AdmissionController[];
  metrics?: AdmissionMetrics;
  log?: { error(data: object, text: string): void };
  /** Default 34 s. */
  controllerTimeoutMs?: number;
}

/** What a mutating controller sets to have the whole mutating chain run once more. */
export interface ReinvocationContext {
  reinvoke: boolean;
  isReinvocation: boolean;
}

const contexts = new WeakMap<AdmissionRequest, ReinvocationContext>();

/** The reinvocation state of a request on its way through a chain. */
export function reinvocationOf(request: AdmissionRequest): ReinvocationContext {
  let context = contexts.get(request);
  if (context === undefined) {
    context = { reinvoke: false, isReinvocation: false };
    contexts.set(request, context);
  }
  return context;
}

class TimeoutError extends Error {}

/** The chain of one server. */
export class AdmissionChain {
  readonly controllers: readonly AdmissionController[];
  readonly #metrics: AdmissionMetrics | undefined;
  readonly #log: ChainOptions['log'];
  readonly #timeoutMs: number;

  constructor(options: ChainOptions) {
    this.controllers = options.controllers;
    this.#metrics = options.metrics;
    this.#log = options.log;
    this.#timeoutMs = options.controllerTimeoutMs ?? CONTROLLER_MS_MAX;
  }

  /** May change `request.object`. Throws a StatusError to refuse. */
  async runMutating(request: AdmissionRequest): Promise<void> {
    await this.#run(request, 'admit');
    const context = reinvocationOf(request);
    if (!context.reinvoke) return;
    context.reinvoke = false;
    context.isReinvocation = true;
    await this.#run(request, 'admit');
  }

  /** Throws a StatusError to refuse. */
  runValidating(request: AdmissionRequest): Promise<void> {
    return this.#run(request, 'validate');
  }

  async #run(request: AdmissionRequest, phase: 'admit' | 'validate'): Promise<void> {
    const started = performance.now();
    let rejected = true;
    try {
      for (const controller of this.controllers) {
        if (controller[phase] === undefined || !controller.supportsOperation(request.operation)) continue;
        await this.#step(controller, request, phase);
      }
      rejected = false;
    } finally {
      this.#metrics?.observe(
        'apiserver_admission_step_admission_duration_seconds',
        { type: phase, operation: request.operation, rejected: String(rejected) },
        (performance.now() - started) / 1000,
      );
    }
  }

  async #step(controller: AdmissionController, request: AdmissionRequest, phase: 'admit' | 'validate'): Promise<void> {
    const started = performance.now();
    let rejected = true;
    try {
      const pending = controller[phase]?.(request);
      const response = pending instanceof Promise ? await this.#withTimeout(pending) : pending;
      if (response !== undefined) this.#take(controller, request, phase, response);
      rejected = false;
    } catch (error) {
      if (StatusError.is(error)) throw error;
      this.#log?.error({ err: error, controller: controller.name }, 'admission controller failed');
      const text = error instanceof TimeoutError ? `did not answer within ${this.#timeoutMs} ms` : 'failed';
      throw forbiddenFor(request, `admission controller ${JSON.stringify(controller.name)} ${text}`);
    } finally {
      this.#metrics?.observe(
        'apiserver_admission_controller_admission_duration_seconds',
        { name: controller.name, type: phase, operation: request.operation, rejected: String(rejected) },
        (performance.now() - started) / 1000,
      );
    }
  }

  #take(controller: AdmissionController, request: AdmissionRequest, phase: 'admit' | 'validate', response: AdmissionResponse): void {
    for (const text of response.warnings ?? []) request.addWarning(text);
    if (!response.allowed) {
      if (response.error !== undefined) throw response.error;
      const error = forbiddenFor(request, response.reason);
      if (response.code !== undefined) error.status.code = response.code;
      throw error;
    }
    for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) {
      request.addAuditAnnotation(key.includes('/') ? key : `${controller.name}/${key}`, value);
    }
    if (phase === 'admit' && response.patch !== undefined && request.object !== null) {
      request.object = applyJsonPatch(request.object as never, response.patch as never) as typeof request.object;
    }
  }

  async #withTimeout<T>(pending: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        pending,
        new Promise<never>((_resolve, reject) => {
          timer = setTimeout(() => reject(new TimeoutError()), this.#timeoutMs);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }
}
