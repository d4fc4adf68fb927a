/**
 * Query parameters and option bodies: ListOptions, GetOptions, CreateOptions, UpdateOptions, PatchOptions,
 * DeleteOptions (meta/v1).
 */
import { schemaOf } from '@k/api';
import { type FieldError, invalid, type KubeObject, newBadRequest, newInvalid, notSupported, parseJson, tooLong } from '@k/apimachinery';
import { parseYaml } from '@k/apimachinery/yaml';
import type { RequestContext } from '../context.js';
import { bodyFormat, type ExpectedKind, readBody } from './decode-body.js';
import { decodeProtobufBody } from './protobuf-body.js';

/** Options of a create, an update or a patch. */
export interface WriteOptions {
  dryRun: boolean;
  fieldManager: string;
  /** Of apply patches. */
  force: boolean | undefined;
  /** As given; absent = not given. */
  fieldValidation?: string;
}

/** The options of a write as admission sees them: those that were given. */
export function admissionOptions(kind: 'CreateOptions' | 'UpdateOptions', options: WriteOptions): KubeObject {
  const { dryRun, fieldManager, fieldValidation = '' } = options;
  return {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...(fieldManager === '' ? {} : { fieldManager }),
    ...(fieldValidation === '' ? {} : { fieldValidation }),
  };
}

/** Characters that a default field manager takes from the user agent. */
const MANAGER_LENGTH_MAX = 128;

/** The manager's name of a write without `fieldManager`: the user agent up to its first slash. */
export function managerOf(context: RequestContext, fieldManager: string): string {
  if (fieldManager !== '') return fieldManager;
  const agent = context.exchange.headers['user-agent'] ?? '';
  const name = [...(agent.split('/')[0] ?? '')].slice(0, MANAGER_LENGTH_MAX).join('');
  return name === '' ? 'unknown' : name;
}

const NO_QUERY = new URLSearchParams();

/**
 * Parses the options of a write.
 *
 * @param kind - `CreateOptions`, `UpdateOptions` or `PatchOptions`, for messages.
 * @param rule - what the kind asks for besides; its errors come first.
 * @throws 422 naming every option that does not fit.
 */
export function parseWriteOptions(context: RequestContext, kind: string, rule?: (query: URLSearchParams) => FieldError[]): WriteOptions {
  const query = context.query ?? NO_QUERY;
  const errors: FieldError[] = rule?.(query) ?? [];
  const dryRun = query.getAll('dryRun');
  for (const value of dryRun) if (value !== 'All' && value !== '') errors.push(notSupported('dryRun', [value], ['All']));
  const fieldManager = query.get('fieldManager') ?? '';
  if ([...fieldManager].length > MANAGER_LENGTH_MAX) errors.push(tooLong('fieldManager', MANAGER_LENGTH_MAX));
  const unprintable = firstUnprintable(fieldManager);
  if (unprintable !== null) errors.push(invalid('fieldManager', fieldManager, unprintable));
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
    errors.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (errors.length > 0) throw newInvalid({ group: 'meta.k8s.io', kind }, '', errors);
  const force = query.get('force');
  return {
    dryRun: dryRun.includes('All'),
    fieldManager,
    force: force === null ? undefined : parseBoolean(force),
    ...(validation === '' ? {} : { fieldValidation: validation }),
  };
}

/** A switch in a query: only `0` and `false` are off. */
export function parseBoolean(text: string): boolean {
  return text !== '0' && text.toLowerCase() !== 'false';
}

/** The text about the first character that cannot be shown, or null. */
function firstUnprintable(text: string): string | null {
  const found = /[^\P{C}]|[^\P{Z} ]/u.exec(text);
  if (found === null) return null;
  const code = (found[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return `invalid character U+${code} (at position ${Buffer.byteLength(text.slice(0, found.index))})`;
}

/** `meta/v1` DeleteOptions. */
export interface DeleteOptions {
  gracePeriodSeconds?: number;
  orphanDependents?: boolean;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  dryRun: boolean;
  uid?: string;
  resourceVersion?: string;
  ignoreStoreReadError?: boolean;
  /** As given, for admission and audit. */
  body: KubeObject | null;
}

const DELETE_OPTIONS: ExpectedKind = { group: '', version: 'v1', kind: 'DeleteOptions', schema: schemaOf('meta.v1/DeleteOptions') };

/**
 * Parses DeleteOptions from the body, or from the query when there is no body.
 *
 * @throws 400 for a malformed body, 422 for values that do not fit.
 */
export async function parseDeleteOptions(context: RequestContext): Promise<DeleteOptions> {
  const body = await readBody(context);
  const source: KubeObject = {};
  if (body.length > 0) {
    let value: unknown;
    try {
      const format = bodyFormat(context);
      if (format === 'protobuf') value = decodeProtobufBody(body, DELETE_OPTIONS);
      else value = format === 'yaml' ? parseYaml(body.toString('utf8')) : parseJson(body, { strict: false }).value;
    } catch (error) {
      if (error instanceof Error && error.name === 'StatusError') throw error;
      throw newBadRequest(`couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
      throw newBadRequest("couldn't get version/kind; json parse error: the body is not an object");
    }
    const given = (value ?? {}) as KubeObject;
    if (given.kind !== undefined && given.kind !== '' && given.kind !== 'DeleteOptions') {
      throw newBadRequest(`decoded object cannot be converted to DeleteOptions: it is a ${String(given.kind)}`);
    }
    Object.assign(source, given);
  } else if (context.query !== null) {
    for (const name of ['propagationPolicy'] as const) {
      const value = context.query.get(name);
      if (value !== null) source[name] = value;
    }
    const grace = context.query.get('gracePeriodSeconds');
    if (grace !== null) {
      if (!/^-?\d{1,18}$/.test(grace)) throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
      source['gracePeriodSeconds'] = Number(grace);
    }
    const orphan = context.query.get('orphanDependents');
    if (orphan !== null) source['orphanDependents'] = parseBoolean(orphan);
    const dryRun = context.query.getAll('dryRun');
    if (dryRun.length > 0) source['dryRun'] = dryRun;
  }
  return checkDeleteOptions(source, body.length > 0);
}

/** Checks decoded DeleteOptions; 400 for wrong types, 422 for values that do not fit. */
export function checkDeleteOptions(source: KubeObject, hasBody: boolean): DeleteOptions {
  const errors: FieldError[] = [];
  const { gracePeriodSeconds: grace, orphanDependents: orphan, propagationPolicy: policy, dryRun, preconditions } = source;
  const wrong = (field: string, value: unknown, type: string): Error =>
    newBadRequest(
      `json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go struct field DeleteOptions.${field} of type ${type}`,
    );
  if (grace !== undefined && grace !== null && !Number.isInteger(grace)) throw wrong('gracePeriodSeconds', grace, 'int64');
  if (orphan !== undefined && orphan !== null && typeof orphan !== 'boolean') throw wrong('orphanDependents', orphan, 'bool');
  if (policy !== undefined && policy !== null && typeof policy !== 'string')
    throw wrong('propagationPolicy', policy, 'v1.DeletionPropagation');
  if (dryRun !== undefined && dryRun !== null && !Array.isArray(dryRun)) throw wrong('dryRun', dryRun, '[]string');
  if (preconditions !== undefined && preconditions !== null && (typeof preconditions !== 'object' || Array.isArray(preconditions))) {
    throw wrong('preconditions', preconditions, 'v1.Preconditions');
  }
  const hasOrphan = typeof orphan === 'boolean';
  if (typeof policy === 'string' && hasOrphan) {
    errors.push(invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (typeof policy === 'string' && !['Foreground', 'Background', 'Orphan'].includes(policy)) {
    errors.push({
      type: 'FieldValueNotSupported',
      field: 'propagationPolicy',
      badValue: policy,
      detail: 'supported values: "Foreground", "Background", "Orphan", "nil"',
    });
  }
  for (const value of (dryRun as unknown[]) ?? []) {
    if (value !== 'All' && value !== '') errors.push(notSupported('dryRun', dryRun, ['All']));
  }
  if (errors.length > 0) throw newInvalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  const conditions = (preconditions ?? {}) as { uid?: unknown; resourceVersion?: unknown };
  const out: DeleteOptions = {
    dryRun: Array.isArray(dryRun) && dryRun.includes('All'),
    body: hasBody ? { kind: 'DeleteOptions', apiVersion: 'v1', ...source } : null,
  };
  if (typeof grace === 'number') out.gracePeriodSeconds = grace < 0 ? 1 : grace;
  if (hasOrphan) out.orphanDependents = orphan as boolean;
  if (typeof policy === 'string') out.propagationPolicy = policy as 'Orphan' | 'Background' | 'Foreground';
  if (typeof conditions.uid === 'string') out.uid = conditions.uid;
  if (typeof conditions.resourceVersion === 'string') out.resourceVersion = conditions.resourceVersion;
  return out;
}
