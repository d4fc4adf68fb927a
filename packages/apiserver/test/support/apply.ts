/** Server-side apply in one line, and who owns what afterwards. */
import { setTimeout as wait } from 'node:timers/promises';
import { type Loose, PATCH, type Requests } from './requests.js';

interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  apiVersion: string;
  time?: string;
  fieldsV1: object;
}

/** The entries of an object's managed fields, in their order. */
export function entriesOf(object: Loose): Entry[] {
  return (object.metadata['managedFields'] ?? []) as Entry[];
}

/** `Apply one`, `Update unknown/status` and so on, with the fields of each. */
export function ownersOf(object: Loose): [string, object][] {
  return entriesOf(object).map(({ manager, operation, subresource, fieldsV1 }) => [
    `${operation} ${manager}${subresource === undefined ? '' : `/${subresource}`}`,
    fieldsV1,
  ]);
}

/** Applies to one server. */
export class Applier {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** @param query - more of it, beginning with `&`. @throws when the apply is refused. */
  apply(path: string, manager: string, body: unknown, query = ''): Promise<Loose> {
    return this.#requests.ok(`PATCH ${path}?fieldManager=${manager}${query}`, body, { type: PATCH.apply });
  }

  refusal(path: string, manager: string, body: unknown, query = ''): Promise<unknown[]> {
    return this.#requests.refusal(`PATCH ${path}?fieldManager=${manager}${query}`, body, { type: PATCH.apply });
  }
}

/** Waits until the clock shows another second than now: managed fields tell whole seconds. */
export async function nextSecond(): Promise<void> {
  await wait(1000 - (Date.now() % 1000) + 5);
}
