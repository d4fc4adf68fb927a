/** `v2`, `v2beta1`, `v1alpha3`; anything else is no Kubernetes version name. */
const VERSION = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const STAGES = ['alpha', 'beta', ''];

/**
 * Orders version names as discovery lists those of a group, preferred first: stable before beta before alpha, newer
 * before older; names of another form come last, by letter.
 */
export function compareVersionPriority(a: string, b: string): number {
  const left = VERSION.exec(a);
  const right = VERSION.exec(b);
  if (left === null || right === null) {
    if (left !== null) return -1;
    if (right !== null) return 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const stage = (match: RegExpExecArray): number => STAGES.indexOf(match[2] ?? '');
  return stage(right) - stage(left) || Number(right[1]) - Number(left[1]) || Number(right[3] ?? 0) - Number(left[3] ?? 0);
}
