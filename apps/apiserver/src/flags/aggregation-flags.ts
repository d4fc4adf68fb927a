import type { Flag } from './flag.js';

/** Flags of proxies in front that name users. */
export const REQUEST_HEADER_FLAGS: readonly Flag[] = [
  {
    name: 'requestheader-client-ca-file',
    kind: 'file',
    help: 'CA of the certificates of proxies in front, which name users in headers. Absent: there are none.',
  },
  {
    name: 'requestheader-allowed-names',
    kind: 'strings',
    help: 'Common names that these certificates may have. Absent: any.',
  },
  {
    name: 'requestheader-username-headers',
    kind: 'strings',
    help: 'Headers with the name of the user, e.g. X-Remote-User; the first counts.',
  },
  { name: 'requestheader-uid-headers', kind: 'strings', help: 'Headers with the uid of the user, e.g. X-Remote-Uid; the first counts.' },
  { name: 'requestheader-group-headers', kind: 'strings', help: 'Headers with groups of the user, e.g. X-Remote-Group.' },
  { name: 'requestheader-extra-headers-prefix', kind: 'strings', help: 'What headers with extra values begin with, e.g. X-Remote-Extra-.' },
];

/** Flags of servers behind this one, which APIServices name. */
export const AGGREGATION_FLAGS: readonly Flag[] = [
  {
    name: 'proxy-client-cert-file',
    kind: 'file',
    help: 'Certificate that servers behind this one know it by. Default: one made in --cert-dir, unless proxies in front are named.',
  },
  { name: 'proxy-client-key-file', kind: 'file', help: 'Key of --proxy-client-cert-file.' },
  {
    name: 'enable-aggregator-routing',
    kind: 'bool',
    default: true,
    help: 'Reaches servers behind this one at their endpoints; false: at the cluster address of their service.',
  },
  {
    name: 'aggregator-reject-forwarding-redirect',
    kind: 'bool',
    default: true,
    help: 'Answers 502 when a server behind this one would send a client elsewhere.',
  },
];
