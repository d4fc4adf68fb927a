import type { Json } from './definitions.js';
import type { Operation } from './operations.js';
import { CONNECT_PARAMETERS, LOG_PARAMETERS, NAMESPACE_PARAMETER, PARAMETERS, type Parameter } from './parameters.js';
import { answerText, groupByPath, ownParameters } from './path-groups.js';

const REF = '#/definitions/';

/** Parameters that stand once in the document: all that are the same wherever they occur. */
const SHARED: ReadonlyMap<Parameter, string> = sharedNames();

function sharedNames(): Map<Parameter, string> {
  const names = new Map<Parameter, string>();
  const taken = new Map<string, number>();
  const lists = [[NAMESPACE_PARAMETER], ...Object.values(PARAMETERS), ...Object.values(CONNECT_PARAMETERS), LOG_PARAMETERS];
  for (const parameter of lists.flat()) {
    if (names.has(parameter)) continue;
    const count = (taken.get(parameter.name) ?? 0) + 1;
    taken.set(parameter.name, count);
    names.set(parameter, count === 1 ? parameter.name : `${parameter.name}-${count}`);
  }
  return names;
}

/** `parameters` of the v2 document. */
export function sharedParametersV2(): Json {
  const entries = [...SHARED].map(([parameter, name]) => [name, parameterV2(parameter)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parameterV2({ name, in: place, description, type }: Parameter): Json {
  return { name, in: place, description, ...(place === 'path' ? { required: true } : {}), type, uniqueItems: true };
}

function referenceV2(parameter: Parameter): Json {
  const name = SHARED.get(parameter);
  return name === undefined ? parameterV2(parameter) : { $ref: `#/parameters/${name}` };
}

/** Path items of OpenAPI v2. */
export function pathItemsV2(operations: readonly Operation[]): Json {
  const out: Json = {};
  for (const { path, operations: list, shared } of groupByPath(operations)) {
    const item: Json = {};
    for (const operation of list) item[operation.method] = operationV2(operation, ownParameters(operation, shared));
    if (shared.length > 0) item['parameters'] = shared.map(referenceV2);
    out[path] = item;
  }
  return out;
}

const schemaFor = (definition: string): Json => (definition === 'string' ? { type: 'string' } : { $ref: `${REF}${definition}` });

function operationV2(operation: Operation, parameters: readonly Parameter[]): Json {
  const { tags, description, operationId, body, answers, produces, action, kind } = operation;
  const responses: Json = {};
  for (const [status, definition] of Object.entries(answers)) {
    responses[status] = { description: answerText(status), schema: schemaFor(definition) };
  }
  responses['401'] = { description: answerText('401') };
  const bodyParameter: Json[] =
    body === undefined
      ? []
      : [{ name: 'body', in: 'body', ...(body.required ? { required: true } : {}), schema: schemaFor(body.definition) }];
  const all = [...bodyParameter, ...parameters.map(referenceV2)];
  return {
    description,
    consumes: body?.consumes ?? ['*/*'],
    produces,
    schemes: ['https'],
    tags,
    operationId,
    ...(all.length > 0 ? { parameters: all } : {}),
    responses,
    ...(action === undefined ? {} : { 'x-kubernetes-action': action }),
    ...(action === undefined || kind === undefined ? {} : { 'x-kubernetes-group-version-kind': kind }),
  };
}
