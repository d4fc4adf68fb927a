/** The release of Kubernetes whose behaviour this project has: the one place where it is written. */
export const KUBERNETES_VERSION = 'v1.36.2';
