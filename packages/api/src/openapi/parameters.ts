/** Parameters of requests, by the name that clients send. */

/** One parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly description: string;
  readonly type: 'string' | 'integer' | 'boolean';
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', description, type });
const path = (name: string, description: string): Parameter => ({ name, in: 'path', description, type: 'string' });

const PRETTY = query('pretty', 'string', "If 'true', the answer is indented.");

/** The name in a path. */
export const nameParameter = (kind: string): Parameter => path('name', `name of the ${kind}`);

/** The namespace in a path. */
export const NAMESPACE_PARAMETER: Parameter = path('namespace', 'namespace of the object, such as for teams and projects');

/** What follows a proxy's path. */
export const PROXY_PATH_PARAMETER: Parameter = path('path', 'path to the resource');

const DRY_RUN = query('dryRun', 'string', "'All' runs every stage of the request but stores nothing.");
const CONTINUE = query('continue', 'string', 'The token of a previous page, to read the next one.');
const FIELD_SELECTOR = query('fieldSelector', 'string', 'Restricts the objects by their fields. Everything is selected by default.');
const LABEL_SELECTOR = query('labelSelector', 'string', 'Restricts the objects by their labels. Everything is selected by default.');
const LIMIT = query('limit', 'integer', 'The largest number of objects to answer with; more are read with the continue token.');
const RESOURCE_VERSION = query('resourceVersion', 'string', 'Constrains which state of the objects may be served.');
const RESOURCE_VERSION_MATCH = query('resourceVersionMatch', 'string', 'How resourceVersion is applied: Exact or NotOlderThan.');
const SEND_INITIAL_EVENTS = query('sendInitialEvents', 'boolean', 'A watch begins with the present objects, ended by a bookmark.');
const SHARD_SELECTOR = query('shardSelector', 'string', 'Restricts the objects to ranges of hashes (alpha).');
const TIMEOUT_SECONDS = query('timeoutSeconds', 'integer', 'Ends the list or watch after this many seconds.');

const DELETE: readonly Parameter[] = [
  query('gracePeriodSeconds', 'integer', 'Seconds before the object is deleted; zero means at once.'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean', 'Deletes an object that can no longer be read.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy. Whether dependents are kept.'),
  query('propagationPolicy', 'string', "What happens to dependents: 'Orphan', 'Background' or 'Foreground'."),
];

const WRITE: readonly Parameter[] = [
  DRY_RUN,
  query('fieldManager', 'string', 'The name of the actor that makes the change: at most 128 printable characters.'),
  query('fieldValidation', 'string', "What is done with unknown and duplicate fields: 'Ignore', 'Warn' or 'Strict'."),
];

/** Which objects, as of when, and for how long. */
const SELECTION: readonly Parameter[] = [
  FIELD_SELECTOR,
  LABEL_SELECTOR,
  LIMIT,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  SEND_INITIAL_EVENTS,
  SHARD_SELECTOR,
  TIMEOUT_SECONDS,
];

/** Query parameters by what a request does; `pretty` is everywhere. */
export const PARAMETERS: Readonly<Record<'read' | 'list' | 'write' | 'patch' | 'delete' | 'deletecollection', readonly Parameter[]>> = {
  read: [PRETTY],
  list: [
    PRETTY,
    query('allowWatchBookmarks', 'boolean', 'A watch may get events of type BOOKMARK.'),
    CONTINUE,
    ...SELECTION,
    query('watch', 'boolean', 'Watches the objects instead of listing them.'),
  ],
  write: [PRETTY, ...WRITE],
  patch: [PRETTY, ...WRITE, query('force', 'boolean', 'An apply takes over fields that other managers own.')],
  delete: [PRETTY, DRY_RUN, ...DELETE],
  deletecollection: [PRETTY, CONTINUE, DRY_RUN, ...SELECTION, ...DELETE],
};

const STREAMS: readonly Parameter[] = [
  query('container', 'string', 'The container; needed when the pod has several.'),
  query('stderr', 'boolean', 'Redirects the standard error stream.'),
  query('stdin', 'boolean', 'Redirects the standard input stream.'),
  query('stdout', 'boolean', 'Redirects the standard output stream.'),
  query('tty', 'boolean', 'Allocates a terminal.'),
];
const PROXY: readonly Parameter[] = [query('path', 'string', 'The path to call behind the proxy.')];

/** Query parameters of connect subresources, by the kind of their options. */
export const CONNECT_PARAMETERS: Readonly<Record<string, readonly Parameter[]>> = {
  PodAttachOptions: STREAMS,
  PodExecOptions: [query('command', 'string', 'The command to run, without a shell.'), ...STREAMS],
  PodPortForwardOptions: [query('ports', 'integer', 'The ports to forward; needed with WebSockets.')],
  PodProxyOptions: PROXY,
  ServiceProxyOptions: PROXY,
  NodeProxyOptions: PROXY,
};

/** Query parameters of `pods/log`. */
export const LOG_PARAMETERS: readonly Parameter[] = [
  PRETTY,
  query('container', 'string', 'The container; needed when the pod has several.'),
  query('follow', 'boolean', 'Goes on with the log as it is written.'),
  query('insecureSkipTLSVerifyBackend', 'boolean', 'Does not check the certificate of the kubelet.'),
  query('limitBytes', 'integer', 'The largest number of bytes to answer with.'),
  query('previous', 'boolean', 'The log of the previous run of the container.'),
  query('sinceSeconds', 'integer', 'Only what was written in the last seconds.'),
  query('stream', 'string', "The stream to read: 'All', 'Stdout' or 'Stderr'."),
  query('tailLines', 'integer', 'Only the last lines.'),
  query('timestamps', 'boolean', 'Begins each line with its time.'),
];
