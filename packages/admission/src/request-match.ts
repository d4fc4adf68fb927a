import type { AdmissionRequest } from './interface.js';

/** True for requests about a resource itself, or about one of its subresources. */
export function isFor(request: AdmissionRequest, group: string, plural: string, subresource = ''): boolean {
  const { resource } = request;
  return resource.resource === plural && resource.group === group && request.subresource === subresource;
}

/** True for requests about pods themselves, or about one of their subresources. */
export function isPod(request: AdmissionRequest, subresource = ''): boolean {
  return isFor(request, '', 'pods', subresource);
}

/** True for requests about namespaces. */
export function isNamespace({ resource }: AdmissionRequest): boolean {
  return resource.resource === 'namespaces' && resource.group === '';
}

/** Operations that bring a new state. */
export const isWrite = (operation: AdmissionRequest['operation']): boolean => operation === 'CREATE' || operation === 'UPDATE';
export const isCreate = (operation: AdmissionRequest['operation']): boolean => operation === 'CREATE';
export const isUpdate = (operation: AdmissionRequest['operation']): boolean => operation === 'UPDATE';
