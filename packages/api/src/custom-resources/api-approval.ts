/** Annotation with which definitions in groups of the community say who approved them. */
export const API_APPROVED = 'api-approved.kubernetes.io';

/** True for groups that belong to the community. */
export function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group);
}
