/** MutatingAdmissionWebhook: asks one webhook after the other; each sees what those before it changed. */
import { goQuote, newInternalError, newTimeout } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, PatchOperation } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { applyWebhookPatch } from './apply-patch.js';
import { callHook, HookCallError, HookRejection } from './call-hook.js';
import { WebhookClient } from './client.js';
import { Equivalents } from './equivalents.js';
import { observeCall } from './hook-metrics.js';
import { ADMISSION_REGISTRATION, type Hook, Hooks } from './hooks.js';
import { Reinvocation } from './reinvocation.js';
import { decodePatch, type ReviewResponse } from './review.js';
import { isExempt, Selection } from './selection.js';
import { WEBHOOKS_MS_MAX } from './validating.js';
import type { VersionedRequest } from './versioned-request.js';

/** Makes the controller. */
export function mutatingAdmissionWebhook(dependencies: AdmissionDependencies, client?: WebhookClient): AdmissionController {
  const resource = 'mutatingwebhookconfigurations';
  const caches = new ObjectCaches(dependencies.objects, [ADMISSION_REGISTRATION, resource], ['', 'namespaces']);
  const hooks = new Hooks(dependencies, 'admit', resource);
  const own = client ?? new WebhookClient(dependencies.objects);
  const run = new MutatingRun(dependencies, own);
  return {
    name: 'MutatingAdmissionWebhook',
    timeoutMs: 2 * WEBHOOKS_MS_MAX,
    supportsOperation: () => true,
    close: () => own.close(),
    admit: (request) =>
      isExempt(request)
        ? undefined
        : caches.whenFilled(request, () => {
            const current = hooks.current();
            return current.length === 0 ? undefined : run.ask(current, request);
          }),
  };
}

/** One call of one webhook. */
interface Call {
  hook: Hook;
  versioned: VersionedRequest;
  /** `round_0_index_3`: the pass, and the place among all webhooks. */
  place: string;
  deadline: number;
}

class MutatingRun {
  readonly #dependencies: AdmissionDependencies;
  readonly #client: WebhookClient;
  readonly #equivalents: Equivalents;
  readonly #selection: Selection;
  /** The second pass needs what the first one found out; both have the same request. */
  readonly #reinvocations = new WeakMap<AdmissionRequest, Reinvocation>();

  constructor(dependencies: AdmissionDependencies, client: WebhookClient) {
    this.#dependencies = dependencies;
    this.#client = client;
    this.#equivalents = new Equivalents(dependencies.catalogue);
    this.#selection = new Selection(dependencies, this.#equivalents);
  }

  async ask(hooks: readonly Hook[], request: AdmissionRequest): Promise<undefined> {
    const deadline = performance.now() + WEBHOOKS_MS_MAX;
    const isSecond = request.reinvocation?.isReinvocation === true;
    let state = isSecond ? this.#reinvocations.get(request) : undefined;
    if (state === undefined) {
      state = new Reinvocation();
      this.#reinvocations.set(request, state);
    } else state.begin(request);
    try {
      for (const [index, hook] of hooks.entries()) {
        const versioned = await this.#selection.choose(hook, request);
        if (versioned === null || (isSecond && !state.isDue(hook.uid))) continue;
        await this.#call({ hook, versioned, place: `round_${isSecond ? 1 : 0}_index_${index}`, deadline }, state);
      }
    } finally {
      state.end(request);
    }
  }

  async #call(call: Call, state: Reinvocation): Promise<void> {
    const { hook, versioned, place, deadline } = call;
    const { request } = versioned;
    const started = performance.now();
    let error: unknown;
    let isChanged = false;
    try {
      const response = await callHook(this.#client, hook, versioned, { isMutating: true, leftMs: deadline - started });
      isChanged = await this.#apply(call, response);
    } catch (caught) {
      error = caught;
    }
    const durationMs = performance.now() - started;
    request.onWebhookCall?.('mutating', durationMs);
    observeCall(this.#dependencies.metrics, { hook, type: 'admit', operation: request.operation, durationMs, error });
    const about = { configuration: hook.configuration, webhook: hook.spec.name, mutated: isChanged };
    request.addAuditAnnotation(`mutation.webhook.admission.k8s.io/${place}`, JSON.stringify(about));
    if (isChanged) {
      state.objectChanged();
      if (request.reinvocation !== undefined) request.reinvocation.reinvoke = true;
    }
    if (hook.spec.reinvocationPolicy === 'IfNeeded') state.wasCalled(hook.uid);
    if (error !== undefined) this.#handle(call, error);
  }

  /** Returns for a failure that the webhook's policy ignores. */
  #handle({ hook, versioned, place, deadline }: Call, error: unknown): void {
    if (error instanceof HookRejection) throw error.status;
    if (!(error instanceof HookCallError)) throw error;
    const isOpen = hook.spec.failurePolicy === 'Ignore';
    const { log } = this.#dependencies;
    log?.warn({ webhook: hook.spec.name, configuration: hook.configuration, reason: error.message, isOpen }, 'admission webhook failed');
    if (!isOpen) throw newInternalError(error.message);
    versioned.request.addAuditAnnotation(`failed-open.mutation.webhook.admission.k8s.io/${place}`, hook.spec.name);
    if (performance.now() >= deadline || versioned.request.abortSignal?.().aborted === true)
      throw newTimeout('request did not complete within requested timeout', 0);
  }

  /** True when the patch changed the object. */
  async #apply({ hook, versioned, place }: Call, response: ReviewResponse): Promise<boolean> {
    if (response.patch === '') return false;
    const { request, target, object } = versioned;
    const { name } = hook.spec;
    let patch: PatchOperation[];
    try {
      patch = decodePatch(response.patch);
    } catch (error) {
      throw new HookCallError(name, `received undecodable patch in webhook response: ${(error as Error).message}`, 503);
    }
    if (patch.length === 0) return false;
    if (object === null) {
      const text = `admission webhook ${goQuote(name)} attempted to modify the object, which is not supported for this operation`;
      throw newInternalError(text);
    }
    if (response.patchType !== 'JSONPatch') throw new HookCallError(name, `unsupported patch type ${goQuote(response.patchType)}`, 503);
    const patched = applyWebhookPatch(object, patch, target, this.#dependencies.catalogue);
    const about = { configuration: hook.configuration, webhook: name, patch, patchType: response.patchType };
    request.addAuditAnnotation(`patch.webhook.admission.k8s.io/${place}`, JSON.stringify(about), 'Request');
    const original = { resource: request.resource, kind: request.kind };
    [request.object = null] = await this.#equivalents.convert([patched.object], target.resource, original);
    return patched.isChanged;
  }
}
