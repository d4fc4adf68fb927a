/** ValidatingAdmissionWebhook: asks all webhooks that want the request, at once. */
import { newInternalError, newTimeout } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { callHook, HookCallError, HookRejection } from './call-hook.js';
import { checkMatchConditions } from './check-configuration.js';
import { WebhookClient } from './client.js';
import { Equivalents } from './equivalents.js';
import { observeCall } from './hook-metrics.js';
import { ADMISSION_REGISTRATION, type Hook, Hooks } from './hooks.js';
import { isExempt, Selection } from './selection.js';
import type { VersionedRequest } from './versioned-request.js';

/** Milliseconds for all webhooks together: less than the chain gives to a phase. */
export const WEBHOOKS_MS_MAX = 57_000;

interface Chosen {
  hook: Hook;
  versioned: VersionedRequest;
}

/** Makes the controller. */
export function validatingAdmissionWebhook(dependencies: AdmissionDependencies, client?: WebhookClient): AdmissionController {
  const resource = 'validatingwebhookconfigurations';
  const caches = new ObjectCaches(dependencies.objects, [ADMISSION_REGISTRATION, resource], ['', 'namespaces']);
  const hooks = new Hooks(dependencies, 'validating', resource);
  const own = client ?? new WebhookClient(dependencies.objects);
  const run = new ValidatingRun(dependencies, own);
  return {
    name: 'ValidatingAdmissionWebhook',
    timeoutMs: 2 * WEBHOOKS_MS_MAX,
    supportsOperation: () => true,
    close: () => own.close(),
    validate(request) {
      if (isExempt(request)) {
        checkMatchConditions(request, dependencies.expressions);
        return undefined;
      }
      return caches.whenFilled(request, () => {
        const current = hooks.current();
        return current.length === 0 ? undefined : run.ask(current, request);
      });
    },
  };
}

class ValidatingRun {
  readonly #dependencies: AdmissionDependencies;
  readonly #client: WebhookClient;
  readonly #selection: Selection;

  constructor(dependencies: AdmissionDependencies, client: WebhookClient) {
    this.#dependencies = dependencies;
    this.#client = client;
    this.#selection = new Selection(dependencies, new Equivalents(dependencies.catalogue));
  }

  async ask(hooks: readonly Hook[], request: AdmissionRequest): Promise<undefined> {
    const deadline = performance.now() + WEBHOOKS_MS_MAX;
    const chosen: Chosen[] = [];
    for (const hook of hooks) {
      const versioned = await this.#selection.choose(hook, request);
      if (versioned !== null) chosen.push({ hook, versioned });
    }
    if (chosen.length === 0) return;
    if (performance.now() > deadline) throw newTimeout('request did not complete within requested timeout', 0);
    const errors: unknown[] = [];
    await Promise.all(
      chosen.map(async (item, index) => {
        const error = await this.#call(item, index, deadline);
        if (error !== undefined) errors.push(error);
      }),
    );
    // All have been heard; the refusal that came first is told.
    if (errors.length > 0) throw errors[0];
  }

  /** What the webhook has against the request. */
  async #call({ hook, versioned }: Chosen, index: number, deadline: number): Promise<unknown> {
    const { request } = versioned;
    const started = performance.now();
    let error: unknown;
    try {
      await callHook(this.#client, hook, versioned, { isMutating: false, leftMs: deadline - started });
    } catch (caught) {
      error = caught;
    }
    const durationMs = performance.now() - started;
    request.onWebhookCall?.('validating', durationMs);
    const { metrics, log } = this.#dependencies;
    observeCall(metrics, { hook, type: 'validating', operation: request.operation, durationMs, error });
    if (error instanceof HookRejection) return error.status;
    if (!(error instanceof HookCallError)) return error;
    const isOpen = hook.spec.failurePolicy === 'Ignore';
    log?.warn({ webhook: hook.spec.name, configuration: hook.configuration, reason: error.message, isOpen }, 'admission webhook failed');
    if (!isOpen) return newInternalError(error.message);
    request.addAuditAnnotation(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, hook.spec.name);
    // Breaking the call off must not be a way around the webhook.
    if (request.abortSignal?.().aborted === true) return newTimeout('request did not complete within requested timeout', 0);
    return undefined;
  }
}
