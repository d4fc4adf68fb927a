import type { AdmissionController } from '../interface.js';
import { deny } from '../response.js';

/** AlwaysDeny: lets nothing pass; for tests of clients. */
export function alwaysDeny(): AdmissionController {
  const refuse = () => deny('admission control is denying all modifications');
  return { name: 'AlwaysDeny', supportsOperation: () => true, admit: refuse, validate: refuse };
}
