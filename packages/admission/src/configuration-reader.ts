/** Reads one object of a configuration file strictly: unknown fields and wrong types name their place and value. */
export class ConfigurationReader {
  readonly #path: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(path: string, value: unknown) {
    this.#path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new RangeError(`${path}: expected an object, got ${JSON.stringify(value) ?? 'nothing'}`);
    }
    this.#value = value as Record<string, unknown>;
  }

  /** The error for a field's value. */
  wrong(field: string, value: unknown, why: string): RangeError {
    return new RangeError(`${this.#at(field)}: ${JSON.stringify(value) ?? 'nothing'} ${why}`);
  }

  /** Refuses any other `apiVersion` and `kind`. */
  expectKind(kinds: readonly (readonly [apiVersion: string, kind: string])[]): void {
    const { apiVersion, kind } = this.#value;
    if (kinds.some(([version, name]) => version === apiVersion && name === kind)) return;
    const wanted = kinds.map(([version, name]) => `${version} ${name}`).join(', ');
    throw new RangeError(`${this.#path}: expected ${wanted}, got ${String(apiVersion)} ${String(kind)}`);
  }

  expectFields(names: readonly string[]): void {
    for (const name of Object.keys(this.#value)) if (!names.includes(name)) throw new RangeError(`${this.#at(name)}: unknown field`);
  }

  fields(): string[] {
    return Object.keys(this.#value);
  }

  optional(field: string): unknown {
    return Object.hasOwn(this.#value, field) ? this.#value[field] : undefined;
  }

  /** An object; absent = empty. */
  object(field: string): ConfigurationReader {
    return new ConfigurationReader(this.#at(field), this.optional(field) ?? {});
  }

  /** A list of objects; absent = empty. */
  list(field: string): ConfigurationReader[] {
    return this.#array(field).map((item, i) => new ConfigurationReader(`${this.#at(field)}[${i}]`, item));
  }

  /** A list of strings; absent = empty. */
  strings(field: string): string[] {
    return this.#array(field).map((item, i) => {
      if (typeof item !== 'string') throw this.wrong(`${field}[${i}]`, item, 'is not a string');
      return item;
    });
  }

  string(field: string): string {
    const value = this.optionalString(field) ?? '';
    if (value === '') throw new RangeError(`${this.#at(field)}: must not be empty`);
    return value;
  }

  optionalString(field: string): string | undefined {
    const value = this.optional(field);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw this.wrong(field, value, 'is not a string');
    return value;
  }

  /** A whole number; absent = 0. */
  integer(field: string): number {
    const value = this.optional(field) ?? 0;
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.wrong(field, value, 'is not a whole number');
    return value;
  }

  #array(field: string): unknown[] {
    const value = this.optional(field) ?? [];
    if (!Array.isArray(value)) throw this.wrong(field, value, 'is not a list');
    return value;
  }

  #at(field: string): string {
    return this.#path === '' ? field : `${this.#path}.${field}`;
  }
}
