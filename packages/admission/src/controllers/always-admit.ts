import type { AdmissionController } from '../interface.js';

/** AlwaysAdmit: lets everything pass. */
export function alwaysAdmit(): AdmissionController {
  return { name: 'AlwaysAdmit', supportsOperation: () => true, admit: () => undefined };
}
