import type { Json } from './definitions.js';
import type { Operation } from './operations.js';
import type { Parameter } from './parameters.js';
import { answerText, groupByPath, ownParameters } from './path-groups.js';

const REF = '#/components/schemas/';

/** Path items of OpenAPI v3. */
export function pathItemsV3(operations: readonly Operation[]): Json {
  const out: Json = {};
  for (const { path, operations: list, shared } of groupByPath(operations)) {
    const item: Json = {};
    for (const operation of list) item[operation.method] = operationV3(operation, ownParameters(operation, shared));
    if (shared.length > 0) item['parameters'] = shared.map(parameterV3);
    out[path] = item;
  }
  return out;
}

function parameterV3({ name, in: place, description, type }: Parameter): Json {
  return { name, in: place, description, ...(place === 'path' ? { required: true } : {}), schema: { type, uniqueItems: true } };
}

const schemaFor = (definition: string): Json => (definition === 'string' ? { type: 'string' } : { $ref: `${REF}${definition}` });

function contentOf(types: readonly string[], definition: string): Json {
  return Object.fromEntries(types.map((type) => [type, { schema: schemaFor(definition) }]));
}

function operationV3(operation: Operation, parameters: readonly Parameter[]): Json {
  const { tags, description, operationId, body, answers, produces, action, kind } = operation;
  const responses: Json = {};
  for (const [status, definition] of Object.entries(answers)) {
    responses[status] = { description: answerText(status), content: contentOf(produces, definition) };
  }
  responses['401'] = { description: answerText('401') };
  return {
    tags,
    description,
    operationId,
    ...(parameters.length > 0 ? { parameters: parameters.map(parameterV3) } : {}),
    ...(body === undefined
      ? {}
      : { requestBody: { content: contentOf(body.consumes, body.definition), ...(body.required ? { required: true } : {}) } }),
    responses,
    ...(action === undefined ? {} : { 'x-kubernetes-action': action }),
    ...(action === undefined || kind === undefined ? {} : { 'x-kubernetes-group-version-kind': kind }),
  };
}
