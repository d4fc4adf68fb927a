/** Files of one volume that would lie on or below each other. */
import type { Volume } from './pod-types.js';

interface Files {
  items?: { path?: string }[];
}

interface Source {
  configMap?: Files & { name?: string };
  secret?: Files & { name?: string };
  downwardAPI?: Files;
  serviceAccountToken?: { path?: string };
  clusterTrustBundle?: { path?: string; name?: string; signerName?: string };
}

const pathsOf = ({ items = [] }: Files): string[] => items.map(({ path = '' }) => path);

function collision(known: ReadonlySet<string>, path: string): string {
  for (const other of known) {
    if (other === '' || path === '') return '';
    if (other === path || other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) return other;
  }
  return '';
}

function overlaps(paths: readonly string[], what: string): string[] {
  const out: string[] = [];
  const known = new Set<string>();
  for (const text of paths) {
    const path = text.replace(/\/+$/, '');
    const other = collision(known, path);
    if (other !== '') out.push(`${what}: overlapping paths: ${JSON.stringify(path)} with ${JSON.stringify(other)}`);
    known.add(path);
  }
  return out;
}

/** The paths of one source of a projected volume, and how messages name it. */
function projected(source: Source): { paths: string[]; shown: string } | null {
  const { configMap, secret, downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle } = source;
  if (configMap?.items !== undefined) {
    return { paths: pathsOf(configMap), shown: `Projected ConfigMap ${JSON.stringify(configMap.name ?? '')}` };
  }
  if (secret?.items !== undefined) return { paths: pathsOf(secret), shown: `Projected Secret ${JSON.stringify(secret.name ?? '')}` };
  if (downwardAPI?.items !== undefined) return { paths: pathsOf(downwardAPI), shown: 'Projected DownwardAPI' };
  if (token !== undefined) return { paths: [token.path ?? ''], shown: 'Projected ServiceAccountToken' };
  if (bundle === undefined) return null;
  return { paths: [bundle.path ?? ''], shown: `Projected ClusterTrustBundle ${JSON.stringify(bundle.name ?? bundle.signerName ?? '')}` };
}

/** Warnings about the volumes of a pod. */
export function pathWarnings(volumes: readonly Volume[]): string[] {
  const out: string[] = [];
  for (const volume of volumes) {
    const name = `volume ${JSON.stringify(volume.name ?? '')}`;
    const configMap = volume['configMap'] as Source['configMap'];
    const secret = volume['secret'] as (Files & { secretName?: string }) | undefined;
    const downward = volume['downwardAPI'] as Files | undefined;
    if (configMap?.items !== undefined) {
      out.push(...overlaps(pathsOf(configMap), `${name} (ConfigMap ${JSON.stringify(configMap.name ?? '')})`));
    }
    if (secret?.items !== undefined) {
      out.push(...overlaps(pathsOf(secret), `${name} (Secret ${JSON.stringify(secret.secretName ?? '')})`));
    }
    if (downward?.items !== undefined) out.push(...overlaps(pathsOf(downward), `${name} (DownwardAPI)`));
    const before: string[] = [];
    for (const source of (volume['projected'] as { sources?: Source[] } | undefined)?.sources ?? []) {
      if (Object.keys(source).length === 0) {
        out.push(`${name} (Projected) has no sources provided`);
        continue;
      }
      const own = projected(source);
      if (own === null || own.paths.length === 0) continue;
      const what = `${name} (${own.shown})`;
      const unique = [...new Set(own.paths)];
      out.push(...overlaps(own.paths, what), ...overlaps([...unique, ...new Set(before)].sort(), what));
      before.push(...unique);
    }
  }
  return out;
}
