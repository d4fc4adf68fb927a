/** `ConversionReview`, both ways: what a conversion webhook is sent, and what its answer must look like. */
import { randomUUID } from 'node:crypto';
import { goQuote, type KubeObject, parseGroupVersion, parseJson, stringifyExactJson } from '@k/apimachinery';

/** Versions of ConversionReview that the server speaks. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'] as const;
const GROUP = 'apiextensions.k8s.io';
const KIND = 'ConversionReview';

/** A review as it is sent. */
export interface ConversionRequest {
  uid: string;
  version: (typeof REVIEW_VERSIONS)[number];
  body: string;
}

/**
 * Writes a review in the first version that both sides know.
 *
 * @param known - `conversionReviewVersions` of the definition.
 * @throws {Error} when the webhook knows none of the server's.
 */
export function writeReview(known: readonly string[], objects: readonly KubeObject[], desiredAPIVersion: string): ConversionRequest {
  const version = known.find((name): name is ConversionRequest['version'] => (REVIEW_VERSIONS as readonly string[]).includes(name));
  if (version === undefined) throw new Error('no supported conversion review versions');
  const uid = randomUUID();
  const request = { uid, desiredAPIVersion, objects };
  return { uid, version, body: stringifyExactJson({ kind: KIND, apiVersion: `${GROUP}/${version}`, request }) };
}

/**
 * The converted objects of an answer, as yet unchecked.
 *
 * @throws {Error} with the webhook's own reason, or saying what is wrong with its answer.
 */
export function readReview(answer: Uint8Array, sent: ConversionRequest): unknown[] {
  const review = parseAnswer(answer);
  const { response } = review;
  if (sent.version === 'v1') checkKind(review);
  if (!isRecord(response)) throw new Error('no response provided');
  const uid = typeof response['uid'] === 'string' ? response['uid'] : '';
  if (sent.version === 'v1' && uid !== sent.uid) throw new Error(`expected response.uid=${goQuote(sent.uid)}, got ${goQuote(uid)}`);
  const result = isRecord(response['result']) ? response['result'] : {};
  const { status, message } = result;
  if (status !== 'Success') {
    const told = typeof message === 'string' && message !== '' ? message : null;
    throw new Error(told ?? `response.result.status was '${typeof status === 'string' ? status : ''}', not 'Success'`);
  }
  return Array.isArray(response['convertedObjects']) ? response['convertedObjects'] : [];
}

function parseAnswer(body: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJson(body, { strict: false }).value;
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  if (isRecord(value)) return value;
  throw new Error("couldn't get version/kind; json parse error: the answer is no JSON object");
}

/** The first version did not look at what the answer calls itself. */
function checkKind({ apiVersion, kind }: Record<string, unknown>): void {
  const version = parseGroupVersion(typeof apiVersion === 'string' ? apiVersion : '');
  const got = `${version?.group ?? ''}/${version?.version ?? ''}, Kind=${typeof kind === 'string' ? kind : ''}`;
  const wanted = `${GROUP}/v1, Kind=${KIND}`;
  if (got !== wanted) throw new Error(`expected webhook response of ${wanted}, got ${got}`);
}

/** A JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
