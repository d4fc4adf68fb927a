import { type CelType, DYN, isExactly } from './types.js';

/** Levels of a type; below, everything is `dyn`. A map that holds itself as key and value doubles with each level. */
const DEPTH_MAX = 12;

/** What type parameters stand for, found while a tree is checked. */
export class Substitution {
  readonly #bound = new Map<string, CelType>();
  /** What each binding replaced, so that an attempt that fails can be taken back. */
  readonly #replaced: [name: string, before: CelType | undefined][] = [];
  #next = 0;

  /** The same signature with parameters that nobody else uses. */
  fresh(types: readonly CelType[]): CelType[] {
    const names = new Map<string, CelType>();
    const rename = (type: CelType): CelType => {
      if (type.kind === 'param') {
        let found = names.get(type.name);
        if (found === undefined) {
          found = this.param();
          names.set(type.name, found);
        }
        return found;
      }
      return type.params.length === 0 ? type : { ...type, params: type.params.map(rename) };
    };
    return types.map(rename);
  }

  /** A parameter that nobody else uses. */
  param(): CelType {
    return { kind: 'param', name: `_var${this.#next++}`, params: [] };
  }

  /** The type with everything known put in; what is still open becomes `dyn` when `isFinal`. */
  resolve(type: CelType, isFinal = false): CelType {
    return this.#resolve(type, isFinal, 0);
  }

  #resolve(type: CelType, isFinal: boolean, depth: number): CelType {
    if (depth > DEPTH_MAX) return DYN;
    if (type.kind === 'param') {
      const found = this.#bound.get(type.name);
      if (found !== undefined) return this.#resolve(found, isFinal, depth);
      return isFinal ? DYN : type;
    }
    return type.params.length === 0 ? type : { ...type, params: type.params.map((param) => this.#resolve(param, isFinal, depth + 1)) };
  }

  /** True when all values can be passed; nothing is bound otherwise. */
  assignAll(from: readonly CelType[], to: readonly CelType[]): boolean {
    if (from.length !== to.length) return false;
    const start = this.#replaced.length;
    if (from.every((type, i) => this.#assign(type, to[i] as CelType))) return true;
    for (const [name, before] of this.#replaced.splice(start).reverse()) {
      if (before === undefined) this.#bound.delete(name);
      else this.#bound.set(name, before);
    }
    return false;
  }

  /** True when a value of the one type can be passed as the other. */
  assign(from: CelType, to: CelType): boolean {
    return this.assignAll([from], [to]);
  }

  #assign(from: CelType, to: CelType): boolean {
    if (to.kind === 'param') return this.#bind(to, from);
    if (from.kind === 'param') return this.#bind(from, to);
    if (isLoose(from) || isLoose(to)) return true;
    if (from.kind === 'null') return to.kind === 'null' || takesNull(to);
    if (to.kind === 'null') return takesNull(from);
    if (from.kind === 'type' && to.kind === 'type') return true;
    if (from.kind !== to.kind || from.name !== to.name || from.params.length !== to.params.length) return false;
    return from.params.every((param, i) => this.#assign(param, to.params[i] as CelType));
  }

  #bind(param: CelType, type: CelType): boolean {
    const bound = this.#bound.get(param.name);
    const other = type.kind === 'param' ? this.resolve(type) : type;
    if (isExactly(param, other)) return true;
    if (bound === undefined) {
      if (this.#occurs(param, other)) return false;
      this.#set(param, other);
      return true;
    }
    if (isExactly(bound, other)) return true;
    if (!this.#assign(other, bound)) return false;
    const general = mostGeneral(this.resolve(other), this.resolve(bound));
    if (!this.#occurs(param, general)) this.#set(param, general);
    return true;
  }

  #set({ name }: CelType, type: CelType): void {
    this.#replaced.push([name, this.#bound.get(name)]);
    this.#bound.set(name, type);
  }

  #occurs(param: CelType, type: CelType): boolean {
    const resolved = this.resolve(type);
    return isExactly(resolved, param) || resolved.params.some((part) => this.#occurs(param, part));
  }
}

const isLoose = (type: CelType): boolean => type.kind === 'dyn' || type.kind === 'error';

/** Kinds of values that may be null. */
function takesNull(type: CelType): boolean {
  return type.kind === 'struct' || type.kind === 'opaque' || type.name.startsWith('google.protobuf.');
}

/** The one of two compatible types that says less. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return isLessSpecific(a, b) ? a : b;
}

function isLessSpecific(a: CelType, b: CelType): boolean {
  if (isLoose(a) || a.kind === 'param') return true;
  if (isLoose(b) || b.kind === 'param') return false;
  if (a.kind === 'null') return false;
  if (b.kind === 'null') return true;
  if (a.kind !== b.kind || a.params.length !== b.params.length) return false;
  return a.params.every((param, i) => isLessSpecific(param, b.params[i] as CelType));
}
