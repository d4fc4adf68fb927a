import type { KubeObject, LabelSelectorObject } from '@k/apimachinery';

/** One entry of `webhooks[].rules`. */
export interface WebhookRule {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  /** `pods`, `pods/status`, `*`, `*\/scale`, `pods/*`, `*\/*`. */
  resources?: string[];
  /** Default `*`. */
  scope?: '*' | 'Cluster' | 'Namespaced';
}

/** `webhooks[].clientConfig`. */
export interface WebhookClientConfig {
  url?: string;
  service?: { namespace: string; name: string; path?: string; port?: number };
  /** PEM in base64. Absent: the system's authorities. */
  caBundle?: string;
}

/** One webhook of a Mutating- or ValidatingWebhookConfiguration, as it is stored. */
export interface WebhookSpec {
  name: string;
  clientConfig: WebhookClientConfig;
  rules?: WebhookRule[];
  failurePolicy?: 'Fail' | 'Ignore';
  matchPolicy?: 'Exact' | 'Equivalent';
  namespaceSelector?: LabelSelectorObject;
  objectSelector?: LabelSelectorObject;
  sideEffects?: string;
  /** Default 10. */
  timeoutSeconds?: number;
  admissionReviewVersions?: string[];
  matchConditions?: { name: string; expression: string }[];
  /** Mutating webhooks only. Default `Never`. */
  reinvocationPolicy?: 'Never' | 'IfNeeded';
}

/** A stored configuration. */
export interface WebhookConfiguration extends KubeObject {
  webhooks?: WebhookSpec[];
}

/** `admit` and `validating`: how metrics tell the two kinds of webhooks apart. */
export type WebhookType = 'admit' | 'validating';
