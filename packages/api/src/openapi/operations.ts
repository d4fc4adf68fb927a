/**
 * The operations of resources in a form that both OpenAPI versions are written from: paths, names, parameters,
 * bodies and answers follow from a resource's verbs and subresources alone.
 */
import type { ServedResource } from '../catalogue.js';
import type { SubresourceDefinition } from '../definition.js';
import type { KindReference, Operation } from './operation.js';
import {
  CONNECT_PARAMETERS,
  LOG_PARAMETERS,
  NAMESPACE_PARAMETER,
  nameParameter,
  PARAMETERS,
  type Parameter,
  PROXY_PATH_PARAMETER,
} from './parameters.js';

export type { KindReference, Operation } from './operation.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Media types of objects. */
export const OBJECT_TYPES: readonly string[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const STREAM_TYPES: readonly string[] = [
  ...OBJECT_TYPES,
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
];
const PATCH_TYPES: readonly string[] = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const ANY: readonly string[] = ['*/*'];
const CONNECT_METHODS: Readonly<Record<string, readonly Operation['method'][]>> = {
  create: ['post'],
  delete: ['delete'],
  get: ['get', 'head', 'options'],
  patch: ['patch'],
  update: ['put'],
};

const title = (text: string): string => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
/** `rbac.authorization.k8s.io` → `rbacAuthorization`, '' → `core`. */
export function groupWord(group: string): string {
  if (group === '') return 'core';
  const [first = '', ...rest] = group.replace(/\.k8s\.io$/, '').split(/[.-]/);
  return first + rest.map(title).join('');
}

/** `/api/v1` or `/apis/GROUP/VERSION`. */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The definition of a resource's objects; custom ones are named after their reversed group. */
export function definitionOf({ definition, version }: ServedResource): string {
  if (!definition.custom) return version.schema.definition ?? '';
  return `${definition.group.split('.').reverse().join('.')}.${version.version}.${definition.kind}`;
}

/** Every operation of a resource and its subresources. */
export function operationsOf(served: ServedResource): Operation[] {
  const scope = new OperationScope(served);
  return [
    ...scope.collection(),
    ...scope.item(),
    ...served.version.subresources.flatMap((sub) => scope.subresource(sub)),
    ...scope.watches(),
  ];
}

/** Builds the operations of one resource. */
class OperationScope {
  readonly #served: ServedResource;
  readonly #kind: KindReference;
  readonly #word: string;
  readonly #scopeWord: string;
  readonly #tag: string;
  readonly #root: string;
  readonly #base: string;
  readonly #path: readonly Parameter[];
  readonly #definition: string;

  constructor(served: ServedResource) {
    const { definition, version } = served;
    this.#served = served;
    this.#kind = { group: definition.group, version: version.version, kind: definition.kind };
    this.#word = `${title(groupWord(definition.group))}${title(version.version)}`;
    this.#scopeWord = definition.namespaced ? 'Namespaced' : '';
    this.#tag = `${groupWord(definition.group)}_${version.version}`;
    this.#root = groupVersionPath(definition.group, version.version);
    this.#base = `${this.#root}${definition.namespaced ? '/namespaces/{namespace}' : ''}/${definition.resource}`;
    this.#path = definition.namespaced ? [NAMESPACE_PARAMETER] : [];
    this.#definition = definitionOf(served);
  }

  #has(verb: string): boolean {
    return this.#served.version.verbs.includes(verb);
  }

  #operation(
    rest: Pick<Operation, 'path' | 'method' | 'operationId' | 'description' | 'parameters' | 'answers'> & Partial<Operation>,
  ): Operation {
    return { tags: [this.#tag], kind: this.#kind, produces: OBJECT_TYPES, ...rest };
  }

  #list(path: string, operationId: string, parameters: readonly Parameter[]): Operation {
    return this.#operation({
      path,
      method: 'get',
      operationId,
      action: 'list',
      description: `list or watch objects of kind ${this.#kind.kind}`,
      parameters: [...parameters, ...PARAMETERS.list],
      answers: { '200': `${this.#definition}List` },
      produces: STREAM_TYPES,
    });
  }

  /** `…/pods`, and the list over all namespaces. */
  collection(): Operation[] {
    const { kind } = this.#kind;
    const { resource, namespaced } = this.#served.definition;
    const noun = `${this.#scopeWord}${kind}`;
    const out: Operation[] = [];
    if (this.#has('list')) {
      out.push(this.#list(this.#base, `list${this.#word}${noun}`, this.#path));
      if (namespaced) out.push(this.#list(`${this.#root}/${resource}`, `list${this.#word}${kind}ForAllNamespaces`, []));
    }
    if (this.#has('create')) {
      out.push(
        this.#operation({
          path: this.#base,
          method: 'post',
          operationId: `create${this.#word}${noun}`,
          action: 'post',
          description: `create a ${kind}`,
          parameters: [...this.#path, ...PARAMETERS.write],
          body: { definition: this.#definition, consumes: ANY, required: true },
          answers: { '200': this.#definition, '201': this.#definition, '202': this.#definition },
        }),
      );
    }
    if (this.#has('deletecollection')) {
      out.push(
        this.#operation({
          path: this.#base,
          method: 'delete',
          operationId: `delete${this.#word}Collection${noun}`,
          action: 'deletecollection',
          description: `delete collection of ${kind}`,
          parameters: [...this.#path, ...PARAMETERS.deletecollection],
          body: { definition: `${META}.DeleteOptions`, consumes: ANY, required: false },
          answers: { '200': `${META}.Status` },
        }),
      );
    }
    return out;
  }

  /** `…/pods/{name}`. */
  item(): Operation[] {
    const { kind } = this.#kind;
    const verbs = ['get', 'update', 'delete', 'patch'].filter((verb) => this.#has(verb));
    const deleted = this.#served.definition.strategy.deleteReturnsObject ? this.#definition : `${META}.Status`;
    return verbs.map((verb) =>
      this.#object(verb, `${this.#base}/{name}`, `${this.#scopeWord}${kind}`, '', this.#definition, this.#kind, deleted),
    );
  }

  #object(verb: string, path: string, noun: string, of: string, definition: string, kind: KindReference, deleted = ''): Operation {
    const parameters = [...this.#path, nameParameter(this.#kind.kind)];
    const target = `${of === '' ? '' : `${of} of `}the specified ${this.#kind.kind}`;
    const make = (word: string, rest: Partial<Operation> & Pick<Operation, 'method' | 'description' | 'answers'>): Operation =>
      this.#operation({
        path,
        operationId: `${word}${this.#word}${noun}`,
        action: rest.method,
        kind,
        parameters: [...parameters, ...PARAMETERS.read],
        ...rest,
      });
    if (verb === 'update') {
      return make('replace', {
        method: 'put',
        description: `replace ${target}`,
        parameters: [...parameters, ...PARAMETERS.write],
        body: { definition, consumes: ANY, required: true },
        answers: { '200': definition, '201': definition },
      });
    }
    if (verb === 'patch') {
      const custom = this.#served.definition.custom === true;
      return make('patch', {
        method: 'patch',
        description: `partially update ${target}`,
        parameters: [...parameters, ...PARAMETERS.patch],
        body: { definition: `${META}.Patch`, consumes: custom ? PATCH_TYPES : [...PATCH_TYPES, STRATEGIC_PATCH], required: true },
        answers: { '200': definition, '201': definition },
      });
    }
    if (verb === 'delete') {
      return make('delete', {
        method: 'delete',
        description: `delete a ${this.#kind.kind}`,
        parameters: [...parameters, ...PARAMETERS.delete],
        body: { definition: `${META}.DeleteOptions`, consumes: ANY, required: false },
        answers: { '200': deleted, '202': deleted },
      });
    }
    if (verb === 'create') {
      return make('create', {
        method: 'post',
        description: `create ${of} of a ${this.#kind.kind}`,
        parameters: [...parameters, ...PARAMETERS.write],
        body: { definition, consumes: ANY, required: true },
        answers: { '200': definition, '201': definition, '202': definition },
      });
    }
    return make('read', { method: 'get', description: `read ${target}`, answers: { '200': definition } });
  }

  /** `…/pods/{name}/status`. */
  subresource(sub: SubresourceDefinition): Operation[] {
    const kind = { group: sub.group, version: sub.version, kind: sub.kind };
    const path = `${this.#base}/{name}/${sub.name}`;
    const noun = `${this.#scopeWord}${this.#kind.kind}${title(sub.name)}`;
    if (CONNECT_PARAMETERS[sub.kind] !== undefined) return this.#connect(sub, path, noun, kind);
    if (sub.name === 'log') {
      return [
        this.#operation({
          path,
          method: 'get',
          operationId: `read${this.#word}${noun}`,
          action: 'get',
          description: `read log of the specified ${this.#kind.kind}`,
          parameters: [...this.#path, nameParameter(this.#kind.kind), ...LOG_PARAMETERS],
          answers: { '200': 'string' },
          produces: ['text/plain', ...OBJECT_TYPES],
        }),
      ];
    }
    const definition = this.#served.definition.custom && sub.name === 'status' ? this.#definition : (sub.schema?.definition ?? '');
    return sub.verbs.map((verb) => this.#object(verb, path, noun, sub.name, definition, kind));
  }

  #connect(sub: SubresourceDefinition, path: string, noun: string, kind: KindReference): Operation[] {
    const isProxy = sub.name === 'proxy';
    const methods = sub.verbs
      .flatMap((verb) => CONNECT_METHODS[verb] ?? [])
      .filter((method) => isProxy || method === 'get' || method === 'post');
    const parameters = [...this.#path, nameParameter(sub.kind), ...(CONNECT_PARAMETERS[sub.kind] ?? [])];
    const make = (method: Operation['method'], suffix: string, more: readonly Parameter[]): Operation =>
      this.#operation({
        path: suffix === '' ? path : `${path}/{path}`,
        method,
        operationId: `connect${this.#word}${title(method)}${noun}${suffix}`,
        action: 'connect',
        kind,
        description: `connect ${method.toUpperCase()} requests to ${sub.name} of ${this.#kind.kind}`,
        parameters: [...parameters, ...more],
        answers: { '200': 'string' },
        produces: ANY,
      });
    const plain = methods.map((method) => make(method, '', []));
    return isProxy ? [...plain, ...methods.map((method) => make(method, 'WithPath', [PROXY_PATH_PARAMETER]))] : plain;
  }

  /** The old `watch/` paths of built-in resources. */
  watches(): Operation[] {
    const { definition, version } = this.#served;
    if (!version.verbs.includes('watch') || definition.custom) return [];
    const { kind } = this.#kind;
    const noun = `${this.#scopeWord}${kind}`;
    const watchRoot = `${this.#root}/watch`;
    const base = `${watchRoot}${definition.namespaced ? '/namespaces/{namespace}' : ''}/${definition.resource}`;
    const make = (path: string, name: string, action: string, parameters: readonly Parameter[]): Operation =>
      this.#operation({
        path,
        method: 'get',
        operationId: `watch${this.#word}${name}`,
        action,
        description: `watch changes to ${action === 'watch' ? `an object of kind ${kind}` : `objects of kind ${kind}`}. Deprecated: use the 'watch' parameter with a list instead.`,
        parameters: [...parameters, ...PARAMETERS.list],
        answers: { '200': `${META}.WatchEvent` },
        produces: STREAM_TYPES,
      });
    return [
      make(base, `${noun}List`, 'watchlist', this.#path),
      make(`${base}/{name}`, noun, 'watch', [...this.#path, nameParameter(kind)]),
      ...(definition.namespaced ? [make(`${watchRoot}/${definition.resource}`, `${kind}ListForAllNamespaces`, 'watchlist', [])] : []),
    ];
  }
}
