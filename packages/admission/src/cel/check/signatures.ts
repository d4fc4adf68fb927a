/** What functions take and give: CEL's own, its extensions, and Kubernetes'. */
import { type CelType, readType, splitTypes } from './types.js';

/** One way to call a function; a method's first argument is its receiver. */
export interface Overload {
  isMethod: boolean;
  args: readonly CelType[];
  result: CelType;
}

/** Overloads by the name of the function. */
export type Signatures = ReadonlyMap<string, readonly Overload[]>;

const each = (types: string, line: string): string[] => types.split(' ').map((type) => line.replaceAll('$', type));
const ORDERED = 'bool int uint double string bytes timestamp duration';
const NUMBERS_MIXED = ['int, uint', 'int, double', 'uint, int', 'uint, double', 'double, int', 'double, uint'];

const OPERATORS: readonly string[] = [
  '_?_:_(bool, T, T): T',
  '_&&_(bool, bool): bool',
  '_||_(bool, bool): bool',
  '!_(bool): bool',
  '_==_(T, T): bool',
  '_!=_(T, T): bool',
  ...['_<_', '_<=_', '_>_', '_>=_'].flatMap((name) => [
    ...each(ORDERED, `${name}($, $): bool`),
    ...NUMBERS_MIXED.map((pair) => `${name}(${pair}): bool`),
  ]),
  ...each('bytes double duration int list<T> string uint', '_+_($, $): $'),
  '_+_(duration, timestamp): timestamp',
  '_+_(timestamp, duration): timestamp',
  ...each('double duration int uint', '_-_($, $): $'),
  '_-_(timestamp, duration): timestamp',
  '_-_(timestamp, timestamp): duration',
  ...each('double int uint', '_*_($, $): $'),
  ...each('double int uint', '_/_($, $): $'),
  ...each('int uint', '_%_($, $): $'),
  ...each('double int', '-_($): $'),
  '@in(T, list<T>): bool',
  '@in(K, map<K, V>): bool',
  '_[_](list<T>, int): T',
  '_[_](map<K, V>, K): V',
  '_[_](optional<list<T>>, int): optional<T>',
  '_[_](optional<map<K, V>>, K): optional<V>',
  '_[?_](list<T>, int): optional<T>',
  '_[?_](map<K, V>, K): optional<V>',
  '_[?_](optional<list<T>>, int): optional<T>',
  '_[?_](optional<map<K, V>>, K): optional<V>',
];

const PARTS = 'getFullYear getMonth getDayOfYear getDayOfMonth getDate getDayOfWeek getHours getMinutes getSeconds getMilliseconds';

const STANDARD: readonly string[] = [
  ...OPERATORS,
  ...each('string bytes list<T> map<K,V>', 'size($): int'),
  ...each('string bytes list<T> map<K,V>', '$.size(): int'),
  ...each('int uint double string timestamp duration', 'int($): int'),
  ...each('uint int double string', 'uint($): uint'),
  ...each('double int uint string', 'double($): double'),
  ...each('string bool int uint double bytes timestamp duration net.IP net.CIDR', 'string($): string'),
  ...each('bytes string', 'bytes($): bytes'),
  ...each('bool string', 'bool($): bool'),
  ...each('timestamp string int', 'timestamp($): timestamp'),
  ...each('duration string int', 'duration($): duration'),
  'dyn(T): dyn',
  'type(T): type<T>',
  ...each('contains startsWith endsWith matches', 'string.$(string): bool'),
  'matches(string, string): bool',
  ...each(PARTS, 'timestamp.$(): int'),
  ...each(PARTS, 'timestamp.$(string): int'),
  ...each('getHours getMinutes getSeconds getMilliseconds', 'duration.$(): int'),
  'optional.of(T): optional<T>',
  'optional.ofNonZeroValue(T): optional<T>',
  'optional.none(): optional<T>',
  'optional<T>.hasValue(): bool',
  'optional<T>.value(): T',
  'optional<T>.or(optional<T>): optional<T>',
  'optional<T>.orValue(T): T',
];

const EXTENSIONS: readonly string[] = [
  'string.charAt(int): string',
  'string.format(list<dyn>): string',
  ...each('indexOf lastIndexOf', 'string.$(string): int'),
  ...each('indexOf lastIndexOf', 'string.$(string, int): int'),
  'list<string>.join(): string',
  'list<string>.join(string): string',
  ...each('lowerAscii upperAscii trim', 'string.$(): string'),
  'strings.quote(string): string',
  'string.replace(string, string): string',
  'string.replace(string, string, int): string',
  'string.split(string): list<string>',
  'string.split(string, int): list<string>',
  'string.substring(int): string',
  'string.substring(int, int): string',
  ...each('contains equivalent intersects', 'sets.$(list<T>, list<T>): bool'),
  'list<T>.slice(int, int): list<T>',
  'list<list<T>>.flatten(): list<T>',
  'list<dyn>.flatten(int): list<dyn>',
  ...each(ORDERED, 'list<$>.sort(): list<$>'),
  ...each(ORDERED, 'list<T>.@sortByAssociatedKeys(list<$>): list<T>'),
  'lists.range(int): list<int>',
  ...each('reverse distinct', 'list<T>.$(): list<T>'),
  ...each('first last', 'list<T>.$(): optional<T>'),
];

const KUBERNETES: readonly string[] = [
  'url(string): kubernetes.URL',
  'isURL(string): bool',
  ...each('getScheme getHost getHostname getPort getEscapedPath', 'kubernetes.URL.$(): string'),
  'kubernetes.URL.getQuery(): map<string, list<string>>',
  'string.find(string): string',
  'string.findAll(string): list<string>',
  'string.findAll(string, int): list<string>',
  ...each(ORDERED, 'list<$>.isSorted(): bool'),
  ...each(ORDERED, 'list<$>.min(): $'),
  ...each(ORDERED, 'list<$>.max(): $'),
  ...each('int uint double duration', 'list<$>.sum(): $'),
  ...each('indexOf lastIndexOf', 'list<T>.$(T): int'),
  'quantity(string): kubernetes.Quantity',
  'isQuantity(string): bool',
  'kubernetes.Quantity.isInteger(): bool',
  'kubernetes.Quantity.asInteger(): int',
  'kubernetes.Quantity.asApproximateFloat(): double',
  'kubernetes.Quantity.sign(): int',
  ...each('isGreaterThan isLessThan', 'kubernetes.Quantity.$(kubernetes.Quantity): bool'),
  'kubernetes.Quantity.compareTo(kubernetes.Quantity): int',
  ...each('kubernetes.Quantity int', 'kubernetes.Quantity.add($): kubernetes.Quantity'),
  ...each('kubernetes.Quantity int', 'kubernetes.Quantity.sub($): kubernetes.Quantity'),
  'ip(string): net.IP',
  'isIP(string): bool',
  'ip.isCanonical(string): bool',
  'net.IP.family(): int',
  ...each('isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast', 'net.IP.$(): bool'),
  'cidr(string): net.CIDR',
  'isCIDR(string): bool',
  ...each('string net.IP', 'net.CIDR.containsIP($): bool'),
  ...each('string net.CIDR', 'net.CIDR.containsCIDR($): bool'),
  'net.CIDR.ip(): net.IP',
  'net.CIDR.masked(): net.CIDR',
  'net.CIDR.prefixLength(): int',
  ...each('semver isSemver', '$(string): bool').map((line) => line.replace(/^semver(.*): bool/, 'semver$1: kubernetes.Semver')),
  ...each('semver isSemver', '$(string, bool): bool').map((line) => line.replace(/^semver(.*): bool/, 'semver$1: kubernetes.Semver')),
  ...each('major minor patch', 'kubernetes.Semver.$(): int'),
  ...each('isGreaterThan isLessThan', 'kubernetes.Semver.$(kubernetes.Semver): bool'),
  'kubernetes.Semver.compareTo(kubernetes.Semver): int',
  'format.named(string): optional<kubernetes.NamedFormat>',
  ...each(
    'dns1123Label dns1123Subdomain dns1035Label qualifiedName dns1123LabelPrefix dns1123SubdomainPrefix dns1035LabelPrefix labelValue uri uuid byte date datetime',
    'format.$(): kubernetes.NamedFormat',
  ),
  'kubernetes.NamedFormat.validate(string): optional<list<string>>',
];

const AUTHORIZATION: readonly string[] = [
  'Authorizer.path(string): PathCheck',
  'Authorizer.group(string): GroupCheck',
  'Authorizer.serviceAccount(string, string): Authorizer',
  'GroupCheck.resource(string): ResourceCheck',
  ...each('subresource namespace name fieldSelector labelSelector', 'ResourceCheck.$(string): ResourceCheck'),
  'ResourceCheck.check(string): Decision',
  'PathCheck.check(string): Decision',
  ...each('allowed errored', 'Decision.$(): bool'),
  ...each('reason error', 'Decision.$(): string'),
].map((line) => line.replace(/\b(Authorizer|PathCheck|GroupCheck|ResourceCheck|Decision)\b/g, 'kubernetes.authorization.$1'));

/** Namespaces whose functions look like methods. */
const NAMESPACES: ReadonlySet<string> = new Set(['optional', 'strings', 'sets', 'lists', 'ip', 'format', 'jsonpatch', 'math']);

/** Reads `name(args): result` and `Receiver.name(args): result`. */
export function readSignatures(lines: readonly string[]): Signatures {
  const signatures = new Map<string, Overload[]>();
  for (const line of lines) {
    const open = line.indexOf('(');
    const close = line.lastIndexOf('): ');
    const dot = line.lastIndexOf('.', open);
    const receiver = dot < 0 ? '' : line.slice(0, dot);
    const isMethod = receiver !== '' && !NAMESPACES.has(receiver);
    const name = isMethod ? line.slice(dot + 1, open) : line.slice(0, open);
    const args = splitTypes(line.slice(open + 1, close)).map((part) => readType(part));
    const overload = { isMethod, args: isMethod ? [readType(receiver), ...args] : args, result: readType(line.slice(close + 3)) };
    const known = signatures.get(name);
    if (known === undefined) signatures.set(name, [overload]);
    else known.push(overload);
  }
  return signatures;
}

const ALL: readonly string[] = [...STANDARD, ...EXTENSIONS, ...KUBERNETES, ...AUTHORIZATION];
let base: Signatures | undefined;

/** All functions that every expression has; read once. */
export function baseSignatures(): Signatures {
  base ??= readSignatures(ALL);
  return base;
}

/** Those and the ones that only mutations have. */
export function mutationSignatures(): Signatures {
  return readSignatures([...ALL, 'jsonpatch.escapeKey(string): string']);
}
