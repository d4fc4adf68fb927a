/** Objects as a kube-apiserver has stored them, in protobuf. */
import { bytes, int, map, message, metadata, stored, text, time } from './go-bytes.js';

/** A ConfigMap in full: `a` in `default`, made at the start of 2026, with `k: v`. */
export const CONFIG_MAP: Buffer = Buffer.from(
  [
    '6b387300 0a0f 0a02 7631 1209 436f6e6669674d6170 122c',
    '0a22 0a0161 1200 1a0764656661756c74 2200 2a027531 3200 3800 4208 0880f2d6ca06 1000',
    '1206 0a016b 120176',
    '1a00 2200',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

const pod = message(
  2,
  message(
    2,
    text(1, 'c'),
    text(2, 'i'),
    text(5, ''),
    message(8),
    text(13, '/dev/termination-log'),
    text(14, 'Always'),
    int(16, 0),
    int(17, 0),
  ),
  ...[text(3, 'Always'), int(4, 30), text(6, 'ClusterFirst'), text(8, ''), text(9, ''), text(10, ''), int(11, 0), int(12, 0), int(13, 0)],
  ...[message(14), text(16, ''), text(17, ''), text(19, 'default-scheduler'), text(24, '')],
);
const deployment = stored(
  'apps/v1',
  'Deployment',
  metadata('d', 'default', int(10, 0)),
  message(
    2,
    int(1, 0),
    message(2, map(1, { app: 'd' })),
    message(
      3,
      message(
        1,
        text(1, ''),
        text(2, ''),
        text(3, ''),
        text(4, ''),
        text(5, ''),
        text(6, ''),
        int(7, 0),
        message(8),
        map(11, { app: 'd' }),
      ),
      pod,
    ),
    message(
      4,
      text(1, 'RollingUpdate'),
      message(2, message(1, int(1, 1), int(2, 0), text(3, '25%')), message(2, int(1, 0), int(2, 1), text(3, ''))),
    ),
    ...[int(5, 0), int(6, 10), int(7, 0), int(9, 600)],
  ),
  message(3, int(1, 0), int(2, 0), int(3, 0), int(4, 0), int(5, 0), int(7, 0)),
);

/** What lies in an etcd, by the path behind `/registry/`. */
export const STORED: Readonly<Record<string, Buffer>> = {
  'namespaces/default': stored('v1', 'Namespace', metadata('default'), message(2, text(1, 'kubernetes')), message(3, text(1, 'Active'))),
  'configmaps/default/a': CONFIG_MAP,
  'deployments/default/d': deployment,
  'secrets/default/s': stored(
    'v1',
    'Secret',
    metadata('s', 'default'),
    message(2, text(1, 'k'), bytes(2, Buffer.from([0, 255, 1]))),
    text(3, 'Opaque'),
  ),
  'horizontalpodautoscalers/default/h': stored(
    'autoscaling/v1',
    'HorizontalPodAutoscaler',
    metadata('h', 'default'),
    message(2, message(1, text(1, 'Deployment'), text(2, 'd'), text(3, 'apps/v1')), int(2, 2), int(3, 5), int(4, 60)),
    message(3, int(3, 0), int(4, 0)),
  ),
  'events/default/e': stored(
    'v1',
    'Event',
    metadata('e', 'default'),
    message(2, text(1, 'Pod'), text(2, 'default'), text(3, 'p'), text(4, ''), text(5, 'v1'), text(6, ''), text(7, '')),
    ...[text(3, 'Started'), text(4, 'went well'), message(5, text(1, 'kubelet'), text(2, '')), time(6, '2026-01-02T00:00:00Z')],
    ...[time(7, '2026-01-02T00:00:00Z'), int(8, 3), text(9, 'Normal'), message(10), text(12, ''), text(14, ''), text(15, '')],
  ),
  'leases/kube-node-lease/n': stored(
    'coordination.k8s.io/v1',
    'Lease',
    metadata('n', 'kube-node-lease'),
    message(2, text(1, 'n'), int(2, 40), time(4, '2026-01-02T03:04:05Z', 678_901_000)),
  ),
  'clusterrolebindings/readers': stored(
    'rbac.authorization.k8s.io/v1',
    'ClusterRoleBinding',
    metadata('readers'),
    message(2, text(1, 'User'), text(2, 'rbac.authorization.k8s.io'), text(3, 'reader'), text(4, '')),
    message(3, text(1, 'rbac.authorization.k8s.io'), text(2, 'ClusterRole'), text(3, 'map-reader')),
  ),
  'clusterroles/map-reader': stored(
    'rbac.authorization.k8s.io/v1',
    'ClusterRole',
    metadata('map-reader'),
    message(2, text(1, 'get'), text(2, ''), text(3, 'configmaps')),
  ),
};
