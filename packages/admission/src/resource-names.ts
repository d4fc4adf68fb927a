/** What kind of resource a name in `requests`, `limits` or a quota stands for. */

/** True for names without a domain, or in a domain of Kubernetes. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** True for resources that device plugins and users define, e.g. `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith('requests.');
}

/** True for huge pages of any size. */
export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}
