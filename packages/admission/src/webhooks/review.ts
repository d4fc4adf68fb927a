/** `AdmissionReview`, both ways: what a webhook is sent, and what its answer must look like. */
import { randomUUID } from 'node:crypto';
import { goQuote, parseGroupVersion, parseJson, type Status, StatusError, stringifyExactJson } from '@k/apimachinery';
import type { PatchOperation } from '../interface.js';
import type { WebhookSpec } from './types.js';
import type { VersionedRequest } from './versioned-request.js';

/** Versions of AdmissionReview that the server speaks. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'] as const;
const KIND = 'AdmissionReview';

/** A review as it is sent. */
export interface ReviewRequest {
  uid: string;
  version: (typeof REVIEW_VERSIONS)[number];
  body: string;
}

/** `response` of an answer that passed the checks. */
export interface ReviewResponse {
  allowed: boolean;
  status?: Partial<Status>;
  /** JSON in base64. '' = none. */
  patch: string;
  patchType: string;
  warnings: readonly string[];
  auditAnnotations: Readonly<Record<string, string>>;
}

/**
 * Writes the review in the first version that both sides know.
 *
 * @throws {Error} when the webhook knows none of them.
 */
export function writeReview(spec: WebhookSpec, versioned: VersionedRequest): ReviewRequest {
  const version = (spec.admissionReviewVersions ?? []).find((name): name is ReviewRequest['version'] =>
    (REVIEW_VERSIONS as readonly string[]).includes(name),
  );
  if (version === undefined) throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  const uid = randomUUID();
  const { options, dryRun, ...description } = versioned.describe();
  const request = { uid, ...description, object: versioned.object, oldObject: versioned.oldObject, dryRun, options };
  return { uid, version, body: stringifyExactJson({ kind: KIND, apiVersion: `admission.k8s.io/${version}`, request }) };
}

/**
 * Reads an answer's JSON.
 *
 * @throws {Error} with the text of Go's decoder.
 */
export function parseReview(body: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJson(body, { strict: false }).value;
  } catch (error) {
    // Whatever does not begin like an object is YAML to upstream, and most often one long string.
    if (Buffer.from(body).toString('latin1').trimStart().startsWith('{')) {
      throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
    }
    value = '';
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const target = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  throw new Error(`couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type ${target}`);
}

/**
 * Checks an answer.
 *
 * @throws {Error} saying what is wrong with it.
 */
export function readReview(answer: Record<string, unknown>, sent: ReviewRequest, isMutating: boolean): ReviewResponse {
  const given = answer['response'];
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error('webhook response was absent');
  const response = given as Record<string, unknown>;
  const patch = text(response, 'patch') ?? '';
  const patchType = text(response, 'patchType');
  if (sent.version === 'v1') {
    checkIdentity(answer, text(response, 'uid') ?? '', sent.uid);
    checkPatch(patch, patchType, isMutating);
  }
  return {
    allowed: response['allowed'] === true,
    ...(isRecord(response['status']) ? { status: response['status'] as Partial<Status> } : {}),
    patch: isMutating ? patch : '',
    patchType: patchType ?? (sent.version === 'v1beta1' ? 'JSONPatch' : ''),
    warnings: Array.isArray(response['warnings']) ? response['warnings'].filter((item): item is string => typeof item === 'string') : [],
    auditAnnotations: stringsOf(response['auditAnnotations']),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringsOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** A field that is a string or absent. */
function text(response: Record<string, unknown>, field: string): string | undefined {
  const value = response[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw new Error(`json: cannot unmarshal ${kind} into Go struct field AdmissionResponse.response.${field} of type string`);
}

function checkIdentity(answer: Record<string, unknown>, uid: string, sentUid: string): void {
  if (uid !== sentUid) throw new Error(`expected response.uid=${goQuote(sentUid)}, got ${goQuote(uid)}`);
  const version = parseGroupVersion(typeof answer['apiVersion'] === 'string' ? answer['apiVersion'] : '');
  const got = `${version?.group ?? ''}/${version?.version ?? ''}, Kind=${typeof answer['kind'] === 'string' ? answer['kind'] : ''}`;
  const wanted = `admission.k8s.io/v1, Kind=${KIND}`;
  if (got !== wanted) throw new Error(`expected webhook response of ${wanted}, got ${got}`);
}

function checkPatch(patch: string, patchType: string | undefined, isMutating: boolean): void {
  if (!isMutating) {
    if (patch !== '') throw new Error('validating webhook may not return response.patch');
    if (patchType !== undefined) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (patch !== '' && patchType === undefined) throw new Error('webhook returned response.patch but not response.patchType');
  if (patch === '' && patchType !== undefined) throw new Error('webhook returned response.patchType but not response.patch');
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
}

/**
 * The operations of a patch.
 *
 * @throws {Error} when it is no JSON list.
 */
export function decodePatch(patch: string): PatchOperation[] {
  const { value } = parseJson(Buffer.from(patch, 'base64'), { strict: false });
  if (!Array.isArray(value)) {
    const kind = value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw new Error(`json: cannot unmarshal ${kind} into Go value of type jsonpatch.Patch`);
  }
  return value as PatchOperation[];
}

/** The refusal of a webhook, as the client gets it: code 400 unless the webhook gave a higher one. */
export function refusalOf(name: string, given: Partial<Status> = {}): StatusError {
  const deniedBy = `admission webhook ${goQuote(name)} denied the request`;
  const message = typeof given.message === 'string' ? given.message : '';
  const reason = typeof given.reason === 'string' ? given.reason : '';
  const told = message || reason;
  const code = typeof given.code === 'number' && given.code >= 400 ? given.code : 400;
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: told === '' ? `${deniedBy} without explanation` : `${deniedBy}: ${told}`,
    ...(reason === '' ? {} : { reason }),
    ...(isRecord(given.details) ? { details: given.details } : {}),
    code,
  });
}
