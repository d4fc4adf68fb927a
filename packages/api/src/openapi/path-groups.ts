import type { Operation } from './operations.js';
import type { Parameter } from './parameters.js';

/** Operations of one path, and the parameters that all of them have. */
export interface PathGroup {
  readonly path: string;
  readonly operations: readonly Operation[];
  readonly shared: readonly Parameter[];
}

/** Operations by path, in the order of the paths; parameters that all of a path have are lifted out. */
export function groupByPath(operations: readonly Operation[]): PathGroup[] {
  const byPath = new Map<string, Operation[]>();
  for (const operation of operations) {
    const list = byPath.get(operation.path);
    if (list === undefined) byPath.set(operation.path, [operation]);
    else list.push(operation);
  }
  return [...byPath]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, list]) => {
      const [first, ...rest] = list;
      const shared = (first?.parameters ?? []).filter((parameter) =>
        rest.every((other) => other.parameters.includes(parameter) || hasSame(other, parameter)),
      );
      return { path, operations: list, shared: sortByName(shared) };
    });
}

function hasSame(operation: Operation, { name, in: place }: Parameter): boolean {
  return operation.parameters.some((other) => other.name === name && other.in === place);
}

/** The parameters of an operation that its path does not share. */
export function ownParameters(operation: Operation, shared: readonly Parameter[]): Parameter[] {
  return sortByName(
    operation.parameters.filter(({ name, in: place }) => !shared.some((other) => other.name === name && other.in === place)),
  );
}

function sortByName(parameters: readonly Parameter[]): Parameter[] {
  return [...parameters].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const ANSWER_TEXTS: Readonly<Record<string, string>> = { '200': 'OK', '201': 'Created', '202': 'Accepted', '401': 'Unauthorized' };

/** What a status of an answer is called. */
export function answerText(status: string): string {
  return ANSWER_TEXTS[status] ?? '';
}
